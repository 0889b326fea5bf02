using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Client;
using Orrery.Satellite.Recording;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Recording;

/// <summary>Two satellites in one cluster, which write one record: nothing that either did is lost to its owner.</summary>
public sealed class RecordOfTwoTests
{
    private const int Rounds = 4;

    [Fact]
    public async Task Lines_OfTwoSatellites_StandInOneWholeRecord()
    {
        await using TestServer cluster = await TestServer.StartAsync(new TestServerOptions());
        using KubeClient admin = cluster.Admin;
        RecordKeeper[] keepers = [.. Enumerable.Range(0, 2).Select(_ => new RecordKeeper(admin, TimeProvider.System, NullLogger.Instance))];
        using var stop = new CancellationTokenSource();
        Task running = Task.WhenAll(keepers.Select(k => k.RunAsync(stop.Token)));
        for (int round = 0; round < Rounds; round++)
        {
            foreach ((int who, RecordKeeper keeper) in keepers.Index())
            {
                keeper.Add(new RecordEntry("apply", "ConfigMap", "acme-shop-default", $"c-{who}-{round}", "Work c"), "ok");
            }

            string last = $"-{round}\"";
            await Eventually.TrueAsync(async () => (await LinesAsync(admin)).Count(l => l.Contains(last, StringComparison.Ordinal)) == keepers.Length, "both are written", TimeSpan.FromSeconds(60));
        }

        await stop.CancelAsync();
        await running;

        Assert.Null(RecordVerdict.Of(await RecordReader.ReadAsync(admin, default)).Break);
        string[] named = [.. (await LinesAsync(admin)).Select(l => (string)JsonNode.Parse(l)!["name"]!).Order(StringComparer.Ordinal)];
        Assert.Equal(Enumerable.Range(0, 2).SelectMany(who => Enumerable.Range(0, Rounds).Select(round => $"c-{who}-{round}")), named);
    }

    /// <summary>The record is appended to, and nothing else.</summary>
    [Fact]
    public async Task Lines_ThatSomebodyChanged_AreWrittenOver()
    {
        await using TestServer cluster = await TestServer.StartAsync(new TestServerOptions());
        using KubeClient admin = cluster.Admin;
        var keeper = new RecordKeeper(admin, TimeProvider.System, NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        Task running = keeper.RunAsync(stop.Token);
        keeper.Add(new RecordEntry("apply", "ConfigMap", "acme-shop-default", "first", "Work c"), "ok");
        await Eventually.TrueAsync(async () => (await LinesAsync(admin)).Length == 1, "the first is written", TimeSpan.FromSeconds(60));

        await admin.PatchAsync(ClusterResources.ConfigMaps, "orrery-system", RecordReader.NameOf(1), PatchKind.Merge, new JsonObject { ["data"] = new JsonObject { [RecordReader.Member] = "nothing\n" } }, default);
        keeper.Add(new RecordEntry("apply", "ConfigMap", "acme-shop-default", "last", "Work c"), "ok");

        await Eventually.TrueAsync(async () => (await LinesAsync(admin)).Length == 2, "both stand there", TimeSpan.FromSeconds(60));
        await stop.CancelAsync();
        await running;
        Assert.Null(RecordVerdict.Of(await RecordReader.ReadAsync(admin, default)).Break);
    }

    private static async Task<string[]> LinesAsync(KubeClient cluster) => [.. (await RecordReader.ReadAsync(cluster, default)).SelectMany(p => RecordChain.Lines(p.Content))];
}
