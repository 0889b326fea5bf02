using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Observing;

/// <summary>Makes the Observation of an object of the cluster. Pure.</summary>
internal static class ObservationBuilder
{
    /// <summary>Large, or of no use outside the node, or telling of other tenants.</summary>
    private static readonly string[] DroppedNodeStatus = ["images", "volumesInUse", "volumesAttached", "daemonEndpoints", "config"];

    /// <summary>What is reported.</summary>
    public static readonly IReadOnlyDictionary<string, GroupVersionResource> Kinds = new Dictionary<string, GroupVersionResource>(StringComparer.Ordinal)
    {
        ["Pod"] = ClusterResources.Pods,
        ["Node"] = ClusterResources.Nodes,
        ["Event"] = ClusterResources.Events,
        ["Namespace"] = ClusterResources.Namespaces,
        ["PersistentVolumeClaim"] = ClusterResources.Claims,
        ["Job"] = ClusterResources.Jobs,
        ["EndpointSlice"] = ClusterResources.EndpointSlices,
    };

    /// <param name="owner">Whose namespace the object is in, or is; null for a node.</param>
    public static JsonObject Build(KubeObject live, string kind, MappedNamespace? owner, string ns)
    {
        JsonObject found = live.ToJsonObject();
        found["apiVersion"] = Kinds[kind].ApiVersion;
        found["kind"] = kind;
        found.Metadata.Remove("managedFields");

        // It changes with every write, and with it alone nothing has changed for anybody.
        found.Metadata.Remove("resourceVersion");
        if (kind == "Node")
        {
            StripNode(found);
        }

        SourceReference source = Source(live, kind, owner);
        var metadata = new JsonObject { ["name"] = Name(live, kind), ["namespace"] = ns };
        metadata["labels"] = owner?.Labels() ?? new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager };
        return new JsonObject
        {
            ["apiVersion"] = OrreryResources.ApiVersion,
            ["kind"] = "Observation",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["source"] = source.ToJson(), ["object"] = found },
        };
    }

    /// <summary>The Observation's name depends only on where the object is in this cluster.</summary>
    public static string Name(string kind, string ns, string name) => new SourceReference(ClusterName.Root, Kinds[kind].ApiVersion, kind, ns, name).ObjectName();

    private static string Name(KubeObject live, string kind) => Name(kind, live.Namespace, live.Name);

    /// <summary>What Orrery applied itself is reported on its Work.</summary>
    public static bool IsReported(KubeObject live, string kind) =>
        kind is not ("PersistentVolumeClaim" or "Job" or "EndpointSlice") || AppliedObjects.MarkOf(live).Length == 0;

    private static SourceReference Source(KubeObject live, string kind, MappedNamespace? owner) =>
        kind == "Namespace"
            ? new(owner!.Cluster, Kinds[kind].ApiVersion, kind, "", owner.Installation is null ? owner.Namespace : live.Name)
            : new(owner?.Cluster ?? ClusterName.Root, Kinds[kind].ApiVersion, kind, owner?.Namespace ?? "", live.Name);

    private static void StripNode(JsonObject node)
    {
        node.Metadata.Remove("annotations");
        if (node["status"] is not JsonObject status)
        {
            return;
        }

        foreach (string part in DroppedNodeStatus)
        {
            status.Remove(part);
        }

        foreach (JsonObject condition in (status["conditions"] as JsonArray ?? []).OfType<JsonObject>())
        {
            // A kubelet's own sign of life: it tells nothing that the condition does not.
            condition.Remove("lastHeartbeatTime");
        }
    }
}
