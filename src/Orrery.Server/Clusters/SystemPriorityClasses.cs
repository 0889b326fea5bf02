using System.Text.Json.Nodes;

namespace Orrery.Server.Clusters;

/// <summary>The PriorityClasses that every cluster has and none can lose. Upstream: <c>pkg/apis/scheduling/v1/helpers.go</c>.</summary>
internal static class SystemPriorityClasses
{
    private static readonly (string Name, long Value, string Description)[] All =
    [
        ("system-cluster-critical", 2_000_000_000, "For pods that the cluster cannot do without, wherever in it they run."),
        ("system-node-critical", 2_000_001_000, "For pods that their node cannot do without."),
    ];

    public static bool IsOne(string name) => All.Any(c => c.Name == name);

    public static IEnumerable<JsonObject> Make() => All.Select(c => new JsonObject
    {
        ["apiVersion"] = "scheduling.k8s.io/v1",
        ["kind"] = "PriorityClass",
        ["metadata"] = new JsonObject { ["name"] = c.Name, ["generation"] = 1 },
        ["value"] = c.Value,
        ["description"] = c.Description,
        ["preemptionPolicy"] = "PreemptLowerPriority",
    });
}
