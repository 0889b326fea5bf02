using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Mirror;

/// <summary>Turns a node of a data plane into the node that tenants see there: without what would tell one tenant of another. Pure.</summary>
internal static class NodeMirror
{
    private const string LeaseNamespace = "kube-node-lease";
    private const string ZoneLabel = "topology.kubernetes.io/zone";

    /// <summary>Parts of a node's status that tell what a tenant needs: size, health, versions, addresses.</summary>
    private static readonly string[] KeptStatus = ["capacity", "allocatable", "conditions", "addresses", "nodeInfo"];

    /// <param name="node">As it is in the data plane.</param>
    /// <param name="tenant">Whose virtual cluster it is shown in.</param>
    public static JsonObject Build(JsonObject node, string name, DataPlane dataPlane, string tenant)
    {
        JsonObject labels = node.NodeAt("metadata", "labels")?.DeepClone() as JsonObject ?? [];
        labels[OrreryNames.DataPlaneLabel] = dataPlane.Name;
        labels[ZoneLabel] = dataPlane.Name;
        var spec = new JsonObject();
        foreach (string part in (ReadOnlySpan<string>)["taints", "unschedulable"])
        {
            if (node.NodeAt("spec", part) is { } value)
            {
                spec[part] = value.DeepClone();
            }
        }

        TakenMachines.Hide(labels, spec["taints"] as JsonArray, tenant);
        var status = new JsonObject();
        foreach (string part in KeptStatus)
        {
            if (node.NodeAt("status", part) is { } value)
            {
                status[part] = value.DeepClone();
            }
        }

        foreach (JsonObject condition in (status["conditions"] as JsonArray ?? []).OfType<JsonObject>())
        {
            // Heartbeats are not followed, but since the last change there was at least that one; kubectl would show the year 1.
            if (condition["lastHeartbeatTime"] is null && condition["lastTransitionTime"] is { } changed)
            {
                condition["lastHeartbeatTime"] = changed.DeepClone();
            }
        }

        if (!dataPlane.IsReporting)
        {
            Silence(status, dataPlane.ReadyMessage);
        }

        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = labels,
                ["annotations"] = new JsonObject { [OrreryNames.SourceUidAnnotation] = node.Uid },
            },
            ["spec"] = spec,
            ["status"] = status,
        };
    }

    /// <summary>
    /// What tools look for beside a node. It says whose it is and no time: a kubelet's signs of life are not followed, whether its data plane is heard stands in the node's
    /// conditions. Goes with the node.
    /// </summary>
    public static JsonObject Lease(KubeObject node) => new()
    {
        ["apiVersion"] = CoreResources.Leases.ApiVersion,
        ["kind"] = "Lease",
        ["metadata"] = new JsonObject
        {
            ["name"] = node.Name,
            ["namespace"] = LeaseNamespace,
            ["ownerReferences"] = new JsonArray(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = node.Name, ["uid"] = node.Uid }),
        },
        ["spec"] = new JsonObject { ["holderIdentity"] = node.Name },
    };

    private static void Silence(JsonObject status, string message)
    {
        foreach (JsonObject condition in (status["conditions"] as JsonArray ?? []).OfType<JsonObject>())
        {
            condition["status"] = "Unknown";
            condition["reason"] = "DataPlaneSilent";
            condition["message"] = message;
        }
    }
}
