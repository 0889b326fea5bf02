using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Commands.Objects;

namespace Orrery.Tests.Commands;

/// <summary>What <c>--wait</c> makes of what an object says of itself.</summary>
public sealed class ReadyWaitTests
{
    [Theory]
    [InlineData(1, "True", "Running", "runs", "Running", false, "", null)]
    [InlineData(2, "True", "Running", "runs", "Running", true, "runs", null)]
    [InlineData(2, "False", "Checking", "is asked", "Checking", false, "is asked", null)]
    [InlineData(2, "False", "Refused", "immutable", "Failed", false, "", "failed: Refused: immutable")]
    [InlineData(2, "False", "ReleaseNotReady", "not read yet", "Failed", false, "not read yet", null)]
    [InlineData(2, "False", "Paused", "a: what runs is left as it is", "Paused", false, "", "waits, for longer than is waited for here: a: what runs is left as it is")]
    [InlineData(2, "False", "OutsideMaintenanceWindow", "a: opens", "Pending", false, "", "waits, for longer than is waited for here: a: opens", "Pending", "Running")]
    [InlineData(2, "False", "OutsideMaintenanceWindow", "a: opens", "Pending", false, "a: opens", null, "Pending", "Upgrading")]
    public void Of_AnObjectOfGenerationTwo_SaysHowFarItIs(int observed, string status, string reason, string message, string phase, bool isDone, string told, string? failure, params string[] planes)
    {
        KubeObject now = KubeObject.From(new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "shop", ["generation"] = 2 },
            ["status"] = new JsonObject
            {
                ["observedGeneration"] = observed,
                ["phase"] = phase,
                ["dataPlanes"] = new JsonArray([.. planes.Select(p => (JsonNode)new JsonObject { ["phase"] = p })]),
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = status, ["reason"] = reason, ["message"] = message, ["observedGeneration"] = observed }),
            },
        });

        Assert.Equal(new ReadyWait.Progress(isDone, told, failure), ReadyWait.Of(now, 2));
    }
}
