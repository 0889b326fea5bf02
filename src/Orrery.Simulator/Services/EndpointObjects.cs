using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Workloads;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Services;

/// <summary>The Endpoints and EndpointSlice that a Service and its pods come to.</summary>
internal static class EndpointObjects
{
    public const string ManagedBy = "endpoints.kubernetes.io/managed-by";

    public static JsonObject Endpoints(KubeObject service, IReadOnlyList<KubeObject> pods)
    {
        JsonObject labels = service.CopyAt("metadata", "labels");
        labels[ManagedBy] = "endpoint-controller";
        var made = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Endpoints",
            ["metadata"] = new JsonObject { ["name"] = service.Name, ["namespace"] = service.Namespace, ["labels"] = labels },
        };
        if (pods.Count > 0)
        {
            var subset = new JsonObject();
            bool unready = service.At("spec", "publishNotReadyAddresses") is { ValueKind: JsonValueKind.True };
            Put(subset, "addresses", pods.Where(p => unready || IsServing(p)));
            Put(subset, "notReadyAddresses", pods.Where(p => !unready && !IsServing(p)));
            subset["ports"] = Ports(service, pods[0]);
            made["subsets"] = new JsonArray((JsonNode)subset);
        }

        return made;
    }

    /// <summary>One slice a Service: its name follows from the Service, so that it is made once whatever happens.</summary>
    public static JsonObject Slice(KubeObject service, IReadOnlyList<KubeObject> pods)
    {
        JsonObject labels = service.CopyAt("metadata", "labels");
        labels["kubernetes.io/service-name"] = service.Name;
        labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io";
        return new JsonObject
        {
            ["apiVersion"] = "discovery.k8s.io/v1",
            ["kind"] = "EndpointSlice",
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{service.Name}-{TemplateHash.Of(service.Uid)[..5]}",
                ["namespace"] = service.Namespace,
                ["labels"] = labels,
                ["ownerReferences"] = ObjectViews.OwnedBy(service),
            },
            ["addressType"] = "IPv4",
            ["endpoints"] = new JsonArray([.. pods.Select(p => (JsonNode)new JsonObject
            {
                ["addresses"] = new JsonArray(p.TextAt("status", "podIP")),
                ["conditions"] = new JsonObject { ["ready"] = IsServing(p), ["serving"] = p.IsReadyPod, ["terminating"] = p.IsDeleting },
                ["nodeName"] = p.NodeName,
                ["targetRef"] = Target(p),
            })]),
            ["ports"] = pods.Count > 0 ? Ports(service, pods[0]) : new JsonArray(),
        };
    }

    private static bool IsServing(KubeObject pod) => pod.IsReadyPod && !pod.IsDeleting;

    private static void Put(JsonObject subset, string name, IEnumerable<KubeObject> pods)
    {
        JsonNode[] addresses =
        [
            .. pods.Select(p => new JsonObject { ["ip"] = p.TextAt("status", "podIP"), ["nodeName"] = p.NodeName, ["targetRef"] = Target(p) }),
        ];
        if (addresses.Length > 0)
        {
            subset[name] = new JsonArray(addresses);
        }
    }

    private static JsonObject Target(KubeObject pod) => new()
    {
        ["kind"] = "Pod", ["name"] = pod.Name, ["namespace"] = pod.Namespace, ["uid"] = pod.Uid,
    };

    private static JsonArray Ports(KubeObject service, KubeObject pod)
    {
        var ports = new JsonArray();
        if (service.At("spec", "ports") is not { ValueKind: JsonValueKind.Array } wanted)
        {
            return ports;
        }

        foreach (JsonElement port in wanted.EnumerateArray())
        {
            if (TargetPort(port, pod) is { } number)
            {
                var made = new JsonObject();
                if (port.TryGetProperty("name", out JsonElement name))
                {
                    made["name"] = name.GetString();
                }

                made["port"] = number;
                made["protocol"] = port.TryGetProperty("protocol", out JsonElement protocol) ? protocol.GetString() : "TCP";
                ports.Add((JsonNode)made);
            }
        }

        return ports;
    }

    /// <summary>A number, or the pod's container port of that name; null where the pod has none.</summary>
    internal static int? TargetPort(JsonElement port, KubeObject pod)
    {
        if (!port.TryGetProperty("targetPort", out JsonElement target))
        {
            return port.GetProperty("port").GetInt32();
        }

        if (target.ValueKind == JsonValueKind.Number)
        {
            return target.GetInt32();
        }

        foreach (JsonElement container in pod.At("spec", "containers")!.Value.EnumerateArray())
        {
            if (container.TryGetProperty("ports", out JsonElement ports))
            {
                foreach (JsonElement own in ports.EnumerateArray())
                {
                    if (own.TryGetProperty("name", out JsonElement name) && name.GetString() == target.GetString())
                    {
                        return own.GetProperty("containerPort").GetInt32();
                    }
                }
            }
        }

        return null;
    }
}
