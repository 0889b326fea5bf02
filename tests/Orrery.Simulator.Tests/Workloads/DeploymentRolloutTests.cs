using System.Globalization;
using System.Text;
using Orrery.Api;
using Orrery.Simulator.Workloads;

namespace Orrery.Simulator.Tests.Workloads;

public sealed class DeploymentRolloutTests
{
    [Theory]
    [InlineData(4, "25%", "25%", 0, 0, 4, 4, 1, 3)] // start: one more new, one old less
    [InlineData(4, "1", "0", 0, 0, 4, 4, 1, 4)] // surge only: old ones stay until a new one is available
    [InlineData(4, "1", "0", 1, 1, 4, 4, 1, 3)]
    [InlineData(4, "0", "1", 0, 0, 4, 4, 0, 3)] // no surge: one old goes first
    [InlineData(4, "0", "1", 0, 0, 3, 3, 1, 3)]
    [InlineData(4, "0", "0", 0, 0, 4, 4, 0, 3)] // both zero: one is taken to be unavailable
    [InlineData(4, "1", "1", 5, 0, 0, 0, 4, 0)] // too many new ones after scaling down
    [InlineData(4, "1", "1", 1, 0, 4, 2, 1, 3)] // two old ones are down already: one of those may go, nothing healthy
    public void Plan_RollingUpdate_StaysWithinItsLimits(
        int replicas, string surge, string unavailable, int current, int currentAvailable, int old, int oldAvailable, int wantCurrent, int wantOld)
    {
        KubeObject deployment = Parse(
            """{"spec":{"replicas":REPLICAS,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":SURGE,"maxUnavailable":DOWN}}}}"""
                .Replace("REPLICAS", replicas.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("SURGE", Value(surge), StringComparison.Ordinal).Replace("DOWN", Value(unavailable), StringComparison.Ordinal));
        var rollout = new DeploymentRollout(deployment, Set("new", current, currentAvailable), [Set("old", old, oldAvailable)]);

        Dictionary<string, int> plan = rollout.Plan(oldPodsLeft: true).ToDictionary(p => p.Set.Name, p => p.Replicas);

        Assert.Equal(wantCurrent, plan["new"]);
        Assert.Equal(wantOld, plan.GetValueOrDefault("old", old));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 3)]
    public void Plan_Recreate_WaitsForTheLastOldPod(bool oldPodsLeft, int wantCurrent)
    {
        KubeObject deployment = Parse("""{"spec":{"replicas":3,"strategy":{"type":"Recreate"}}}""");
        var rollout = new DeploymentRollout(deployment, Set("new", 0, 0), [Set("old", 3, 3)]);

        Dictionary<string, int> plan = rollout.Plan(oldPodsLeft).ToDictionary(p => p.Set.Name, p => p.Replicas);

        Assert.Equal((wantCurrent, 0), (plan["new"], plan["old"]));
    }

    private static string Value(string text) => text.EndsWith('%') ? $"\"{text}\"" : text;

    private static KubeObject Set(string name, int replicas, int available) => Parse(string.Create(
        CultureInfo.InvariantCulture,
        $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"replicas":{{{replicas}}} },"status":{"replicas":{{{replicas}}},"availableReplicas":{{{available}}} } }"""));

    private static KubeObject Parse(string json) => KubeObject.Parse(Encoding.UTF8.GetBytes(json));
}
