using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Joining;

/// <summary>A data plane that is cut off for days, by a clock that is moved on: what was wanted last is enforced all the time, and on return only what differs is sent.</summary>
public sealed class OfflineDaysRoadTests
{
    private const int Days = 3;
    private const int Objects = 8;
    private const int Pods = 4;
    private const int ChangesADay = 30;
    private const string Mapped = "acme-shop-default";
    private static readonly ClusterName Shop = new("acme", "shop");
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    /// <summary>How often this test itself listed kinds of Orrery's.</summary>
    private int ownLists;

    [Fact]
    public async Task ControlPlane_AwayForThreeDays_LastWishIsEnforced_AndOnReturnOnlyWhatDiffersIsSent()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("far");
        TestServer cluster = await world.AddClusterAsync();
        await using var network = new BadNetwork(world.ControlPlane.Url.Port, TimeProvider.System);
        JoinInvitation invitation = await world.InviteAsync("far") with { Server = new Uri($"https://127.0.0.1:{network.Port}") };
        await using RunningSatellite satellite = world.Satellite("far", cluster, () => invitation);
        await world.ConditionAsync("far", OrreryNames.ReadyCondition, "True");
        using KubeClient shop = await OpenAsync(world);
        KubeClient there = cluster.Admin;

        // 1. What runs, and is known to run.
        foreach (string name in Enumerable.Range(0, Objects).Select(i => $"kept-{i}").Append("gone"))
        {
            await shop.CreateAsync(ConfigMaps, "default", ConfigMap(name), default);
        }

        await Eventually.TrueAsync(async () => (await WorksAsync(world)).Count(w => Conditions.IsTrue(w, "Applied") && Conditions.IsTrue(w, "Available")) == Objects + 1, "all is applied, and said", TimeSpan.FromSeconds(60));
        for (int i = 0; i < Pods; i++)
        {
            await there.CreateAsync(CoreResources.Pods, Mapped, Json($$"""{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-{{i}}"}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]} }"""), default);
            await SayAsync(there, i, "first");
        }

        await Eventually.TrueAsync(async () => (await ToldAsync(shop)).Count(m => m == "first") == Pods, "all pods are mirrored", TimeSpan.FromSeconds(60));
        Dictionary<string, string> works = await VersionsAsync(world, OrreryResources.Works), observations = await VersionsAsync(world, OrreryResources.Observations);
        KubeObject told = (await AllAsync(world, OrreryResources.Observations)).Single(o => o.TextAt("spec", "object", "metadata", "name") == "web-0");

        // 2. Cut off: both sides go on, and days pass. The certificate, good for an hour, expires.
        network.IsDown = true;
        await world.ConditionAsync("far", OrreryNames.ReadyCondition, "Unknown", "SatelliteSilent");
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("new"), default);
        await shop.DeleteAsync(ConfigMaps, "default", "gone", null, default);
        for (int day = 0; day < Days; day++)
        {
            world.Clock.Shift += TimeSpan.FromDays(1);
            await there.DeleteAsync(ConfigMaps, Mapped, $"kept-{day}", null, default);
            await there.PatchAsync(ConfigMaps, Mapped, $"kept-{Days + day}", PatchKind.Merge, Json("""{"data": {"key": "hacked"} }"""), default);
            await Eventually.SomeAsync(() => there.FindAsync(ConfigMaps, Mapped, $"kept-{day}", default), "what was deleted is back", TimeSpan.FromSeconds(60));
            await Eventually.TrueAsync(async () => (await there.GetAsync(ConfigMaps, Mapped, $"kept-{Days + day}", default)).TextAt("data", "key") == "a", "what was changed is put back", TimeSpan.FromSeconds(60));
            for (int i = 0; i < ChangesADay; i++)
            {
                await SayAsync(there, 0, $"day {day}, change {i}");
            }
        }

        Assert.NotNull(await there.FindAsync(ConfigMaps, Mapped, "gone", default));
        Assert.Null(await there.FindAsync(ConfigMaps, Mapped, "new", default));

        // 3. Back: it proves its key and is let in by an operator, not by itself.
        network.IsDown = false;
        await world.ConditionAsync("far", JoinNames.IdentityCondition, "False", "ApprovalNeeded");
        double lists = await ListsAsync(world);
        await new Controllers.Joining.PendingRequest(world.Root).ApproveAsync("far", default);
        await world.ConditionAsync("far", OrreryNames.ReadyCondition, "True");
        await Eventually.SomeAsync(() => there.FindAsync(ConfigMaps, Mapped, "new", default), "what is new is applied", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => await there.FindAsync(ConfigMaps, Mapped, "gone", default) is null, "what is gone is removed", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => (await ToldAsync(shop)).Contains($"day {Days - 1}, change {ChangesADay - 1}"), "the last state is told", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => (await WorksAsync(world)).Any(w => w.TextAt("spec", "source", "name") == "new" && Conditions.IsTrue(w, "Applied")), "and what is new, said", TimeSpan.FromSeconds(60));

        // 4. Of all that changed in three days, what differs now was written, once; nothing that is as it was.
        Dictionary<string, string> worksNow = await VersionsAsync(world, OrreryResources.Works), observationsNow = await VersionsAsync(world, OrreryResources.Observations);
        Assert.DoesNotContain(works, w => worksNow.TryGetValue(w.Key, out string? now) && now != w.Value);
        Assert.Equal([told.Name], observations.Where(o => observationsNow.GetValueOrDefault(o.Key) != o.Value).Select(o => o.Key));
        Assert.Equal(told.Generation + 1, (await world.Root.GetAsync(OrreryResources.Observations, "dp-far", told.Name, default)).Generation);

        // What went on meanwhile is longer ago than anybody keeps: each kind is listed anew, once.
        Assert.InRange(await ListsAsync(world) - lists, 0, 3);
    }

    private static async Task<KubeClient> OpenAsync(JoinWorld world)
    {
        await world.Root.CreateAsync(OrreryResources.Tenants, "", Json("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "acme"}, "spec": {} }"""), default);
        await Eventually.TrueAsync(
            async () => Conditions.IsTrue(await world.Root.GetAsync(OrreryResources.Tenants, "", "acme", default), "Ready"), "the tenant is ready", TimeSpan.FromSeconds(60));
        await world.Root.CreateAsync(
            OrreryResources.VirtualClusters, "acme",
            Json("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "shop"}, "spec": {"placement": {"dataPlanes": ["far"]} } }"""), default);
        await Eventually.TrueAsync(
            async () => Conditions.IsTrue(await world.Root.GetAsync(OrreryResources.VirtualClusters, "acme", "shop", default), "Ready"), "the virtual cluster is ready", TimeSpan.FromSeconds(60));
        KubeClient shop = world.ControlPlane.AdminOf(Shop);
        await Eventually.TrueAsync(async () => await shop.FindAsync(CoreResources.Namespaces, "", "default", default) is not null, "its namespace default", TimeSpan.FromSeconds(60));
        return shop;
    }

    private static Task SayAsync(KubeClient there, int pod, string message) => there.PatchAsync(
        CoreResources.Pods, Mapped, $"web-{pod}", PatchKind.Merge, new JsonObject { ["status"] = new JsonObject { ["phase"] = "Running", ["message"] = message } }, default, "status");

    private static async Task<IReadOnlyList<string?>> ToldAsync(KubeClient shop) =>
        [.. (await shop.ListAsync(CoreResources.Pods, "default", null, default)).Items.Select(p => p.TextAt("status", "message"))];

    private Task<IReadOnlyList<KubeObject>> WorksAsync(JoinWorld world) => AllAsync(world, OrreryResources.Works);

    private async Task<Dictionary<string, string>> VersionsAsync(JoinWorld world, GroupVersionResource resource) =>
        (await AllAsync(world, resource)).ToDictionary(o => o.Name, o => o.ResourceVersion);

    private async Task<IReadOnlyList<KubeObject>> AllAsync(JoinWorld world, GroupVersionResource resource)
    {
        ownLists++;
        return (await world.Root.ListAsync(resource, "dp-far", null, default)).Items;
    }

    /// <summary>Of Orrery's own kinds, but for those of this test: nobody but the satellite that comes back has a reason to.</summary>
    private async Task<double> ListsAsync(JoinWorld world) =>
        (await world.Root.GetTextAsync("/metrics", default)).Split('\n')
            .Where(l => l.StartsWith("apiserver_request_total{", StringComparison.Ordinal) && l.Contains("verb=\"LIST\"", StringComparison.Ordinal) && l.Contains("resource=\"custom\"", StringComparison.Ordinal))
            .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture)) - ownLists;

    private static JsonObject ConfigMap(string name) => Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}"}, "data": {"key": "a"} }""");

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
