using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Orrery.Tests.EndToEnd;

/// <content>More events than a virtual cluster is to be told of at once.</content>
public sealed partial class StrangeClusterTests
{
    /// <summary>What one tenant's events may be at once, and each second after it.</summary>
    private const int Burst = 500, EachSecond = 20;

    /// <summary>So many, and by so many hands, that they are made sooner than they may be told.</summary>
    private const int Flood = 1000, Hands = 4;

    [Fact]
    public async Task FloodOfEvents_ReachesTheVirtualClusterAtItsPace_Whole_AndNothingElseWaitsForIt()
    {
        await MakeAsync("noisy", "a");
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Flood).Chunk(Flood / Hands).Select(some => strange.Owner.RunAsync("create -f -", new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "List", ["items"] = new JsonArray([.. some.Select(EventOf)]),
        }.ToJsonString())));

        // 1. The burst at once, and a change that is made behind it is not behind it.
        await Eventually.HoldsAsync(async () => await ToldAsync(clock) >= Burst, Limit);
        await MakeAsync("meanwhile", "a");
        Assert.InRange(await ToldAsync(clock), Burst, Flood - 1);

        // 2. The others one after the other, until all are there.
        await Eventually.EqualsAsync(Flood, () => ToldAsync(clock), Limit);
    }

    /// <summary>How many there are in the virtual cluster: never more than may be by now.</summary>
    private async Task<int> ToldAsync(Stopwatch since)
    {
        int told = (await strange.Tenant.RunAsync("get events --field-selector reason=Flood -o name")).Count(c => c == '\n');
        Assert.InRange(told, 0, Burst + (int)(since.Elapsed.TotalSeconds * EachSecond));
        return told;
    }

    private static JsonNode EventOf(int number) => new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Event",
        ["metadata"] = new JsonObject { ["name"] = $"noisy.{number}", ["namespace"] = StrangeCluster.Mapped },
        ["involvedObject"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["namespace"] = StrangeCluster.Mapped, ["name"] = "noisy" },
        ["reason"] = "Flood",
        ["message"] = $"number {number}",
        ["type"] = "Warning",
    };
}
