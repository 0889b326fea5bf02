using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Placement;

/// <summary>Makes the Work of one object, and tells whether an existing one already says the same. Pure.</summary>
internal static class WorkBuilder
{
    public static SourceReference Source(KubeObject source, PlaceableKind kind) =>
        new(source.Cluster, kind.Resource.ApiVersion, kind.Kind, source.Namespace, source.Name);

    /// <param name="tenant">Name of the tenant that owns the virtual cluster.</param>
    /// <param name="incarnation">Which making of the source's namespace it is in.</param>
    public static JsonObject Build(KubeObject source, PlaceableKind kind, string tenant, Incarnation incarnation, DataPlane dataPlane, int? replicas)
    {
        SourceReference reference = Source(source, kind);
        JsonObject from = reference.ToJson();
        from["uid"] = source.Uid;
        from["clusterUid"] = incarnation.Cluster;
        from["namespaceUid"] = incarnation.Namespace;
        if (source.Generation > 0)
        {
            from["generation"] = source.Generation;
        }

        var spec = new JsonObject { ["source"] = from };
        if (WorkHandling.Asked(source).ToJson() is { } handling)
        {
            spec["handling"] = handling;
        }

        string mapped = NamespaceMapping.Map(tenant, source.Cluster, source.Namespace);
        spec["manifest"] = ManifestBuilder.Build(source, kind, tenant, mapped, replicas);
        return new JsonObject
        {
            ["apiVersion"] = OrreryResources.ApiVersion,
            ["kind"] = "Work",
            ["metadata"] = new JsonObject
            {
                ["name"] = reference.ObjectName(),
                ["namespace"] = dataPlane.Namespace,
                ["labels"] = Labels(source, tenant),
            },
            ["spec"] = spec,
        };
    }

    /// <summary>Whether <paramref name="existing"/> has the spec and at least the labels of <paramref name="wanted"/>.</summary>
    public static bool IsUpToDate(KubeObject existing, JsonObject wanted)
    {
        if (!JsonComparison.IsSame(existing.At("spec"), wanted["spec"]))
        {
            return false;
        }

        return wanted["metadata"]!["labels"]!.AsObject().All(l => existing.Labels.TryGetValue(l.Key, out string? v) && v == (string?)l.Value);
    }

    /// <summary>
    /// A patch that makes the spec exactly this one. The Work is the placement controller's alone: what anybody else wrote into its
    /// spec goes, and no version is compared, as nobody else's write is to win.
    /// </summary>
    public static JsonArray Replacement(KubeObject existing, JsonObject wanted)
    {
        JsonObject metadata = wanted["metadata"]!.AsObject();
        var labels = new JsonObject();
        foreach ((string key, string value) in existing.Labels)
        {
            labels[key] = value;
        }

        foreach ((string key, JsonNode? value) in metadata["labels"]!.AsObject())
        {
            labels[key] = value!.DeepClone();
        }

        return
        [
            new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = existing.Uid },
            new JsonObject { ["op"] = "add", ["path"] = "/metadata/labels", ["value"] = labels },
            new JsonObject { ["op"] = "add", ["path"] = "/spec", ["value"] = wanted["spec"]!.DeepClone() },
        ];
    }

    /// <summary>A patch that says what becomes of the object where it is not wanted any more.</summary>
    /// <param name="grace">Seconds that it may take; null leaves that to it.</param>
    public static JsonArray Withdrawn(KubeObject existing, string withdrawal, long? grace)
    {
        JsonArray patch =
        [
            new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = existing.Uid },
            new JsonObject { ["op"] = "add", ["path"] = "/spec/withdrawal", ["value"] = withdrawal },
        ];
        if (grace is { } seconds)
        {
            patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = "/spec/gracePeriodSeconds", ["value"] = seconds });
        }

        return patch;
    }

    private static JsonObject Labels(KubeObject source, string tenant) => new()
    {
        [OrreryNames.ManagedByLabel] = OrreryNames.Manager,
        [OrreryNames.TenantLabel] = tenant,
        [OrreryNames.VirtualClusterLabel] = source.Cluster.Name,
        [OrreryNames.NamespaceLabel] = source.Namespace,
    };
}
