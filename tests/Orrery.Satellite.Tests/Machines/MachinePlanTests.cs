using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Satellite.Machines;

namespace Orrery.Satellite.Tests.Machines;

/// <summary>Which nodes a tenant keeps, takes and leaves.</summary>
public sealed class MachinePlanTests
{
    private static readonly MachinePool Small = Pool("small", 2, 2);
    private static readonly MachinePool Large = Pool("large", 1, 3);
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 10, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Of_NothingTaken_TakesTheLeast()
    {
        MachinePlan plan = Plan([Small], [Node("a", "small"), Node("b", "small"), Node("c", "small"), Node("d", "large")]);

        Assert.Equal(["a", "b"], plan.Taken.Select(t => t.Node.Name));
        Assert.Empty(plan.Short);
    }

    [Fact]
    public void Of_NodesOfOthersUnreadyAndCordoned_AreNotTaken()
    {
        MachinePlan plan = Plan([Small], [Node("a", "small", tenant: "globex"), Node("b", "small", ready: false), Node("c", "small", cordoned: true), Node("d", "small")]);

        Assert.Equal(["d"], plan.Taken.Select(t => t.Node.Name));
        Assert.Equal(["pool small has 1 of 2 machines (tier=small)"], plan.Short);
    }

    [Fact]
    public void Of_NodeThatRunsAnothers_IsNotTaken()
    {
        MachinePlan plan = Plan([Large], [Node("a", "large"), Node("b", "large")], [Pod("globex-x", "a")]);

        Assert.Equal(["b"], plan.Taken.Select(t => t.Node.Name));
    }

    [Fact]
    public void Of_OtherPool_LeavesWhatIsOfNone()
    {
        MachinePlan plan = Plan([Large], [Node("a", "small", "acme"), Node("b", "large", "acme")]);

        Assert.Equal(["b"], plan.Kept.Select(k => k.Node.Name));
        Assert.Equal(["a"], plan.Left.Select(n => n.Name));
        Assert.Empty(plan.Taken);
    }

    [Fact]
    public void Of_PodsThatFindNoRoom_TakesOneMoreUpToTheMost()
    {
        KubeObject waiting = Json("""
            {"kind": "Pod", "metadata": {"name": "w", "namespace": "acme-x"}, "spec": {}, "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}}
            """);

        Assert.Equal(["b"], Plan([Large], [Node("a", "large", "acme"), Node("b", "large"), Node("c", "large")], [waiting]).Taken.Select(t => t.Node.Name));
        Assert.Empty(Plan([Large], [Node("a", "large", "acme"), Node("b", "large", "acme"), Node("c", "large", "acme"), Node("d", "large")], [waiting]).Taken);
    }

    [Theory]
    [InlineData(null, "a,b,c", "c,b")]
    [InlineData("09:55", "a,b,c", "c,b")]
    [InlineData("09:50", "a", "")]
    public void Of_EmptyMachinesBeyondTheLeast_GoOnceTheyHaveBeenIdle(string? since, string kept, string idle)
    {
        MachinePlan plan = Plan([Large], [Node("a", "large", "acme", idleSince: since), Node("b", "large", "acme", idleSince: since), Node("c", "large", "acme", idleSince: since)]);

        Assert.Equal(kept, string.Join(',', plan.Kept.Select(k => k.Node.Name)));
        Assert.Equal(idle, string.Join(',', plan.Idle.Select(n => n.Name)));
        Assert.Equal(kept == "a" ? ["b", "c"] : [], plan.Left.Select(n => n.Name));
    }

    [Fact]
    public void Of_MachinesThatHoldPods_StayHoweverManyThereAre()
    {
        MachinePlan plan = Plan(
            [Large], [Node("a", "large", "acme", idleSince: "09:00"), Node("b", "large", "acme", idleSince: "09:00"), Node("c", "large", "acme", idleSince: "09:00")], [Pod("acme-x", "b"), Pod("acme-x", "c")]);

        Assert.Equal(["b", "c"], plan.Kept.Select(k => k.Node.Name));
        Assert.Equal(["a"], plan.Left.Select(n => n.Name));
    }

    [Fact]
    public void Of_LeavingNodesWantedAgain_AreKept()
    {
        MachinePlan plan = Plan([Small], [Node("a", "small", "acme", cordoned: true, leaving: true), Node("b", "small", "acme", cordoned: true, leaving: true), Node("c", "small")]);

        Assert.Equal(["a", "b"], plan.Kept.Select(k => k.Node.Name));
        Assert.Empty(plan.Taken);
        Assert.Empty(plan.Short);
    }

    private static MachinePlan Plan(MachinePool[] pools, KubeObject[] nodes, KubeObject[]? pods = null) =>
        MachinePlan.Of("acme", pools, nodes, pods ?? [], (pod, tenant) => pod.Namespace.StartsWith(tenant, StringComparison.Ordinal), Now - TimeSpan.FromMinutes(10));

    private static MachinePool Pool(string tier, int min, int max) => new(tier, min, max, new Dictionary<string, string> { ["tier"] = tier }, []);

    private static KubeObject Node(string name, string tier, string? tenant = null, bool ready = true, bool cordoned = false, bool leaving = false, string? idleSince = null)
    {
        var labels = new JsonObject { ["tier"] = tier };
        if (tenant is not null)
        {
            labels[OrreryNames.TenantLabel] = tenant;
        }

        return KubeObject.From(new JsonObject
        {
            ["kind"] = "Node",
            ["metadata"] = new JsonObject
            {
                ["name"] = name, ["labels"] = labels, ["annotations"] = leaving ? new JsonObject { [OrreryNames.LeavingAnnotation] = "true" }
                    : idleSince is not null ? new JsonObject { [OrreryNames.IdleSinceAnnotation] = $"2026-01-01T{idleSince}:00Z" } : new JsonObject(),
            },
            ["spec"] = cordoned ? new JsonObject { ["unschedulable"] = true } : new JsonObject(),
            ["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = ready ? "True" : "False" }) },
        });
    }

    private static KubeObject Pod(string ns, string node) => Json($$$"""
        {"kind": "Pod", "metadata": {"name": "p", "namespace": "{{{ns}}}"}, "spec": {"nodeName": "{{{node}}}"}, "status": {"phase": "Running"} }
        """);

    private static KubeObject Json(string json) => KubeObject.From(JsonNode.Parse(json)!);
}
