using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Nodes;

/// <summary>What a simulated node says of itself.</summary>
internal static class NodeShape
{
    /// <summary>The version the reference API facts were recorded from.</summary>
    private const string KubeletVersion = "v1.36.0";

    public static JsonObject Register(string name, SimulationOptions options) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Node",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject
            {
                ["kubernetes.io/hostname"] = name,
                ["kubernetes.io/os"] = "linux",
                ["kubernetes.io/arch"] = "amd64",
                ["topology.kubernetes.io/zone"] = options.Name,
            },
        },
        ["spec"] = new JsonObject { ["providerID"] = $"simulated://{options.Name}/{name}" },
    };

    /// <summary>The node's present status brought to what it should say; conditions keep their transition times.</summary>
    public static JsonObject Status(KubeObject node, SimulationOptions options, int ordinal, DateTimeOffset now)
    {
        JsonObject status = node.CopyAt("status");
        foreach (string list in (ReadOnlySpan<string>)["capacity", "allocatable"])
        {
            status[list] = new JsonObject
            {
                ["cpu"] = options.NodeCpu,
                ["ephemeral-storage"] = "100Gi",
                ["memory"] = options.NodeMemory,
                ["pods"] = options.NodePods.ToString(CultureInfo.InvariantCulture),
            };
        }

        status["addresses"] = new JsonArray(
            (JsonNode)new JsonObject { ["type"] = "InternalIP", ["address"] = NodeAddress(ordinal) },
            (JsonNode)new JsonObject { ["type"] = "Hostname", ["address"] = node.Name });
        status["nodeInfo"] = new JsonObject
        {
            ["architecture"] = "amd64",
            ["bootID"] = node.Uid,
            ["containerRuntimeVersion"] = "simulated://1.0",
            ["kernelVersion"] = "6.12.0",
            ["kubeProxyVersion"] = "",
            ["kubeletVersion"] = KubeletVersion,
            ["machineID"] = node.Uid,
            ["operatingSystem"] = "linux",
            ["osImage"] = "Simulated",
            ["systemUUID"] = node.Uid,
        };
        Set(status, "MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available", now);
        Set(status, "DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", now);
        Set(status, "PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available", now);
        Set(status, "Ready", "True", "KubeletReady", "kubelet is posting ready status", now);
        return status;
    }

    public static string NodeAddress(int ordinal) => string.Create(CultureInfo.InvariantCulture, $"172.18.{ordinal / 250}.{(ordinal % 250) + 2}");

    private static void Set(JsonObject status, string type, string state, string reason, string message, DateTimeOffset now)
    {
        if (Conditions.Set(status, type, state, reason, message, now))
        {
            JsonObject condition = status["conditions"]!.AsArray().OfType<JsonObject>().First(c => c.TextAt("type") == type);
            condition["lastHeartbeatTime"] = Conditions.Time(now);
        }
    }
}
