using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A data plane whose API server goes away and comes back every few seconds, ends each watch soon, and is slow: that costs few requests, and all comes right.</summary>
public sealed class FlappingClusterRoadTests
{
    private const int Rounds = 4;
    private const string Mapped = "acme-shop-default";
    private static readonly TimeSpan Up = TimeSpan.FromSeconds(3), Down = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task ApiServer_ThatFlaps_IsNotAskedInStorms_AndAllComesRight()
    {
        var way = new RoughWay();
        await using TestFleet fleet = await TestFleet.StartAsync(new TestFleetOptions { ToCluster = way, CutsClusters = true }, "pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        BadNetwork network = fleet.DataPlanes["pa2-par"].Network!;
        for (int i = 0; i < 3 * Rounds; i++)
        {
            await shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap($"first-{i}"), default);
        }

        for (int i = 0; i < 3 * Rounds; i++)
        {
            await ArrivesAsync(inside, $"first-{i}");
        }

        // 1. While it flaps things change on both sides.
        int before = await ListedAsync(way), kinds = Watched(way).Distinct().Count();
        for (int round = 0; round < Rounds; round++)
        {
            network.IsDown = true;
            await shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap($"new-{round}"), default);
            await shop.DeleteAsync(CoreResources.ConfigMaps, "default", $"first-{3 * round}", null, default);
            await inside.DeleteAsync(CoreResources.ConfigMaps, Mapped, $"first-{(3 * round) + 1}", null, default);
            await inside.PatchAsync(CoreResources.ConfigMaps, Mapped, $"first-{(3 * round) + 2}", PatchKind.Merge, Json("""{"data": {"key": "theirs"} }"""), default);
            await Task.Delay(Down, TimeProvider.System);
            network.IsDown = false;
            await Task.Delay(Up, TimeProvider.System);
        }

        // 2. What was tried in all that time: of each kind some three watches a round, and no lists; of each object a few.
        int asked = way.Asked.Count - before;
        TestContext.Current.SendDiagnosticMessage("{0} requests for {1} kinds", asked, kinds);
        Assert.InRange(asked, 1, kinds * 10 * Rounds);
        Assert.Empty(Lists(way, before));

        // 3. All is as wanted.
        for (int round = 0; round < Rounds; round++)
        {
            int first = 3 * round;
            await ArrivesAsync(inside, $"new-{round}");
            await ArrivesAsync(inside, $"first-{first + 1}");
            await Eventually.TrueAsync(async () => await inside.FindAsync(CoreResources.ConfigMaps, Mapped, $"first-{first}", default) is null, "what is not wanted is gone", Limit);
            await Eventually.TrueAsync(async () => (await inside.GetAsync(CoreResources.ConfigMaps, Mapped, $"first-{first + 2}", default)).TextAt("data", "key") == "a", "what was changed is put back", Limit);
        }

        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", OrreryNames.ReadyCondition, "True");
    }

    [Fact]
    public async Task ApiServer_ThatIsSlowAndEndsEachWatchSoon_IsWorkedWith_WithoutRelists()
    {
        var way = new RoughWay();
        await using TestFleet fleet = await TestFleet.StartAsync(new TestFleetOptions { ToCluster = way }, "pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("first"), default);
        await ArrivesAsync(inside, "first");
        way.Instead = async (request, token) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, token);
            if (IsWatch(request.RequestUri!))
            {
                RoughWay.EndSoon(request);
            }

            return null;
        };
        await fleet.StopSatelliteAsync("pa2-par");
        fleet.StartSatellite("pa2-par");
        await shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("second"), default);
        await ArrivesAsync(inside, "second");

        int before = await ListedAsync(way), kinds = Watched(way).Distinct().Count();
        await Task.Delay(TimeSpan.FromSeconds(10), TimeProvider.System);
        await inside.DeleteAsync(CoreResources.ConfigMaps, Mapped, "first", null, default);
        await ArrivesAsync(inside, "first");
        TestContext.Current.SendDiagnosticMessage("{0} requests for {1} kinds", way.Asked.Count - before, kinds);
        Assert.Empty(Lists(way, before));
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", OrreryNames.ReadyCondition, "True");
    }

    /// <summary>Waits until every kind has been listed once, as in the beginning: nothing is listed any more.</summary>
    /// <returns>How much had been asked by then.</returns>
    private static async Task<int> ListedAsync(RoughWay way)
    {
        int before = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                before = way.Asked.Count;
                await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
                return !Lists(way, before).Any();
            },
            "every kind is listed", Limit);
        return way.Asked.Count;
    }

    private static bool IsWatch(Uri asked) => RoughWay.IsWatch(asked);

    private static IEnumerable<string> Watched(RoughWay way) => way.Asked.Where(a => IsWatch(a.Address)).Select(a => a.Address.AbsolutePath);

    /// <summary>Of kinds that are watched, but for the one namespace that is asked for to learn the cluster's revision, and the record that is read once.</summary>
    private static IEnumerable<string> Lists(RoughWay way, int since)
    {
        HashSet<string> watched = [.. Watched(way)];
        return way.Asked.Skip(since).Where(a =>
            a.Method == "GET" && !IsWatch(a.Address) && !a.Address.Query.EndsWith("limit=1", StringComparison.Ordinal) && !a.Address.Query.Contains("satellite-log", StringComparison.Ordinal) && watched.Contains(a.Address.AbsolutePath)).Select(a => a.Address.PathAndQuery);
    }

    private static Task ArrivesAsync(KubeClient inside, string name) => Eventually.SomeAsync(() => inside.FindAsync(CoreResources.ConfigMaps, Mapped, name, default), name, Limit);

    private static JsonObject ConfigMap(string name) => Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}"}, "data": {"key": "a"} }""");

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
