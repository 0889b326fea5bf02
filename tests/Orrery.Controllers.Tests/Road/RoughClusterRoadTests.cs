using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A data plane whose API server is in trouble, or whose owner has bounds of their own: that is told, costs little, and all comes right by itself.</summary>
public sealed class RoughClusterRoadTests
{
    private const string Mapped = "acme-shop-default";
    private const int Many = 50;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly GroupVersionResource LimitRanges = new("", "v1", "limitranges");
    private static readonly GroupVersionResource Policies = new("networking.k8s.io", "v1", "networkpolicies");
    private static readonly GroupVersionResource Quotas = new("", "v1", "resourcequotas");

    [Fact]
    public async Task Cluster_ThatTakesNoChanges_IsSaidToBeSo_IsAskedEverLess_AndComesRight()
    {
        var way = new RoughWay();
        await using TestFleet fleet = await TestFleet.StartAsync(new TestFleetOptions { ToCluster = way }, "pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("first"), default);
        await ArrivesAsync(inside, "first");
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", OrreryNames.WritableCondition, "True");

        // 1. As a kube-apiserver answers whose etcd is full: reviews are not stored, everything else that changes something fails.
        way.Instead = (request, _) => Task.FromResult(
            request.Method == HttpMethod.Get || request.RequestUri!.AbsolutePath.StartsWith("/apis/authorization.k8s.io", StringComparison.Ordinal)
                ? null : RoughWay.Status(500, "", "etcdserver: mvcc: database space exceeded"));
        for (int i = 0; i < Many; i++)
        {
            await shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap($"wanted-{i}"), default);
        }

        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", OrreryNames.WritableCondition, "False");
        KubeObject plane = await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default);
        Assert.EndsWith(": etcdserver: mvcc: database space exceeded", Conditions.Find(plane, OrreryNames.WritableCondition)!.Message, StringComparison.Ordinal);
        Assert.True(Conditions.IsTrue(plane, OrreryNames.ReadyCondition), "what runs there runs on, and is reported");

        // 2. Whose objects they are is told, of each.
        await Eventually.TrueAsync(async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Count(w => AppliedOf(w) is "False InternalError") == Many, "all are said to be refused", Limit);
        await Eventually.TrueAsync(
            async () => (await EventsAsync(shop, "wanted-7")).Any(e => e == "NotApplied pa2-par: InternalError: etcdserver: mvcc: database space exceeded"), "its tenant is told", Limit);

        // 3. What fails is tried again after 5 s and more: in a while in which each is looked at ten times, at most as often as waits of 6.4 s and more let it.
        int before = Tries(way);
        double longer = await PassAsync(TimeSpan.FromSeconds(10));
        Assert.InRange(Tries(way) - before, 0, 2 * Many * longer);

        // 4. There is room again.
        way.Instead = null;
        for (int i = 0; i < Many; i++)
        {
            await ArrivesAsync(inside, $"wanted-{i}");
        }

        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", OrreryNames.WritableCondition, "True");

        // 5. The record of the cluster's owner tells of each that it failed, once, and that it was done.
        await Eventually.TrueAsync(async () => (await RecordAsync(inside)).Count(l => l.Contains("\"name\":\"wanted-7\"", StringComparison.Ordinal) && l.Contains("\"answer\":\"ok\"", StringComparison.Ordinal)) == 1, "recorded", Limit);
        Assert.Single(await RecordAsync(inside), l => l.Contains("\"name\":\"wanted-7\"", StringComparison.Ordinal) && l.Contains("\"answer\":\"500", StringComparison.Ordinal));
    }

    /// <summary>What the cluster's owner set there for namespaces of tenants: it is told in the very words of that API server, and holds up nothing else.</summary>
    [Theory]
    [InlineData("PodSecurity", "violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false")]
    [InlineData("LimitRange", "minimum cpu usage per Container is 1, but request is 100m")]
    [InlineData("ResourceQuota", "exceeded quota: theirs, requested: pods=1, used: pods=0, limited: pods=0")]
    public async Task Object_ThatTheOwnersBoundsRefuse_IsToldByAnEvent_AndComesOnceTheyLetIt(string bound, string words)
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("first"), default);
        await ArrivesAsync(inside, "first");
        Func<Task> lift = await BindAsync(inside, bound);

        await shop.CreateAsync(CoreResources.Pods, "default", Pod("bare"), default);
        await Eventually.TrueAsync(async () => (await EventsAsync(shop, "bare")).Any(e => e.StartsWith("NotApplied pa2-par: Forbidden: ", StringComparison.Ordinal) && e.Contains(words, StringComparison.Ordinal)), "told", Limit);
        KubeObject work = (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Single(w => w.TextAt("spec", "source", "name") == "bare");
        Assert.Equal("False Forbidden", AppliedOf(work));

        await shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("second"), default);
        await ArrivesAsync(inside, "second");
        Assert.Null(await inside.FindAsync(CoreResources.Pods, Mapped, "bare", default));
        await lift();
        await Eventually.SomeAsync(() => inside.FindAsync(CoreResources.Pods, Mapped, "bare", default), "it is let in", TimeSpan.FromSeconds(90));
    }

    /// <summary>That its network is held apart was refused once, and is refused still: what was to come after it does not come before it.</summary>
    [Theory]
    [InlineData(403, "Forbidden")]
    [InlineData(422, "Invalid")]
    public async Task Namespace_ThatCannotBeHeldApart_GetsNothingIntoIt_UntilItCan(int code, string reason)
    {
        var way = new RoughWay();
        await using TestFleet fleet = await TestFleet.StartAsync(new TestFleetOptions { ToCluster = way }, "pa2-par");
        way.Instead = (request, _) => Task.FromResult(
            request.Method == HttpMethod.Patch && request.RequestUri!.AbsolutePath.Contains("/networkpolicies/", StringComparison.Ordinal) ? RoughWay.Status(code, reason, "admission webhook said no") : null);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;

        await shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("first"), default);
        await Eventually.TrueAsync(async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Any(w => AppliedOf(w) == "False " + reason), "it is told", Limit);
        await Task.Delay(TimeSpan.FromSeconds(7), TimeProvider.System);
        await Eventually.TrueAsync(() => way.Asked.Count(a => a.Method == "PATCH" && a.Address.AbsolutePath.Contains("/networkpolicies/", StringComparison.Ordinal)) >= 4, "it was tried again", Limit);
        Assert.Null(await inside.FindAsync(CoreResources.ConfigMaps, Mapped, "first", default));
        await IsolatedAsync(fleet, "False Refused");

        way.Instead = null;
        await ArrivesAsync(inside, "first");
        await IsolatedAsync(fleet, "True Isolated");
    }

    /// <summary>A full cluster is asked for what holds a tenant apart as often as for its Works: ever less, and at once when it has room again.</summary>
    [Fact]
    public async Task Tenancy_InAClusterThatTakesNoChanges_IsTriedEverLess_AndComesRight()
    {
        var way = new RoughWay();
        await using TestFleet fleet = await TestFleet.StartAsync(new TestFleetOptions { ToCluster = way }, "pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("first"), default);
        await ArrivesAsync(inside, "first");

        way.Instead = (request, _) => Task.FromResult(
            request.Method == HttpMethod.Get || request.RequestUri!.AbsolutePath.StartsWith("/apis/authorization.k8s.io", StringComparison.Ordinal)
                ? null : RoughWay.Status(500, "", "etcdserver: mvcc: database space exceeded"));
        await inside.DeleteAsync(Policies, Mapped, "orrery-tenant", null, default);
        await IsolatedAsync(fleet, "False Refused");
        int before = PolicyTries(way);
        double longer = await PassAsync(TimeSpan.FromSeconds(20));
        Assert.InRange(PolicyTries(way) - before, 0, 3 * longer);

        using var since = new SeenTime(TimeProvider.System);
        way.Instead = null;
        await Eventually.SomeAsync(() => inside.FindAsync(Policies, Mapped, "orrery-tenant", default), "held apart again", Limit);
        Assert.InRange(since.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(15));
        await IsolatedAsync(fleet, "True Isolated");
    }

    /// <summary>Somebody in the cluster takes away what holds a tenant apart as often as it comes.</summary>
    [Fact]
    public async Task Guard_ThatTheOwnerTakesAwayAgainAndAgain_IsPutBackAtIntervals_AndThatIsSaid()
    {
        var way = new RoughWay();
        await using TestFleet fleet = await TestFleet.StartAsync(new TestFleetOptions { ToCluster = way }, "pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("first"), default);
        await ArrivesAsync(inside, "first");
        using var stop = new CancellationTokenSource();
        long start = TimeProvider.System.GetTimestamp();
        Task theirs = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                if (await inside.FindAsync(Policies, Mapped, "orrery-tenant", default) is not null)
                {
                    await inside.DeleteAsync(Policies, Mapped, "orrery-tenant", null, default);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        });

        await Eventually.TrueAsync(async () => (await fleet.Root.GetAsync(OrreryResources.Tenancies, "dp-pa2-par", "acme", default)) is var t && Conditions.Find(t, OrreryNames.IsolatedCondition) is { Status: "False", Reason: "Contested" }, "it is said", Limit);
        int before = PolicyTries(way);
        double longer = await PassAsync(TimeSpan.FromSeconds(10));
        Assert.InRange(PolicyTries(way) - before, 0, longer);
        Assert.InRange(PolicyTries(way), 10, 13 + (int)(TimeProvider.System.GetElapsedTime(start) / TimeSpan.FromSeconds(30)));
        await stop.CancelAsync();
        await theirs;
    }

    /// <summary>One tenant's objects that wait for a webhook that never answers do not take every worker.</summary>
    [Fact]
    public async Task Objects_ThatAreNeverAnswered_HoldUpNoOtherTenants()
    {
        var way = new RoughWay();
        await using TestFleet fleet = await TestFleet.StartAsync(new TestFleetOptions { ToCluster = way }, "pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient other = await fleet.AddVirtualClusterAsync(new ClusterName("globex", "shop"), "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("first"), default);
        await ArrivesAsync(inside, "first");
        int hanging = 0;
        way.Instead = async (request, token) =>
        {
            if (request.Method == HttpMethod.Patch && request.RequestUri!.AbsolutePath.Contains($"/namespaces/{Mapped}/", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref hanging);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            }

            return null;
        };
        for (int i = 0; i < Many; i++)
        {
            await shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap($"wanted-{i}"), default);
        }

        await Eventually.TrueAsync(() => Volatile.Read(ref hanging) >= 6, "as many as may are under way", Limit);
        await other.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("theirs"), default);
        await Eventually.SomeAsync(() => inside.FindAsync(CoreResources.ConfigMaps, "globex-shop-default", "theirs", default), "the other tenant's", Limit);
    }

    /// <summary>Lets this time pass.</summary>
    /// <returns>How many times as long it took, which is more than once on a machine that is busy.</returns>
    private static async Task<double> PassAsync(TimeSpan time)
    {
        long start = TimeProvider.System.GetTimestamp();
        await Task.Delay(time, TimeProvider.System);
        return TimeProvider.System.GetElapsedTime(start) / time;
    }

    private static int PolicyTries(RoughWay way) => way.Asked.Count(a => a.Method == "PATCH" && a.Address.AbsolutePath.EndsWith($"/namespaces/{Mapped}/networkpolicies/orrery-tenant", StringComparison.Ordinal));

    private static Task IsolatedAsync(TestFleet fleet, string expected) => Eventually.TrueAsync(
        async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.Tenancies, "dp-pa2-par", "acme", default), OrreryNames.IsolatedCondition) is { } isolated && $"{isolated.Status} {isolated.Reason}" == expected,
        $"isolated is {expected}", Limit);

    private static async Task<Func<Task>> BindAsync(KubeClient inside, string bound)
    {
        switch (bound)
        {
            case "PodSecurity":
                await LabelAsync("restricted");
                return () => LabelAsync("baseline");
            case "LimitRange":
                await inside.CreateAsync(LimitRanges, Mapped, Json("""{"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "theirs"}, "spec": {"limits": [{"type": "Container", "min": {"cpu": "1"}, "defaultRequest": {"cpu": "1"}, "default": {"cpu": "1"} }]} }"""), default);
                return () => inside.DeleteAsync(LimitRanges, Mapped, "theirs", null, default);
            default:
                await inside.CreateAsync(Quotas, Mapped, Json("""{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "theirs"}, "spec": {"hard": {"pods": "0"} } }"""), default);
                await Eventually.TrueAsync(async () => (await inside.GetAsync(Quotas, Mapped, "theirs", default)).TextAt("status", "hard", "pods") == "0", "the quota is in force", Limit);
                return () => inside.DeleteAsync(Quotas, Mapped, "theirs", null, default);
        }

        async Task LabelAsync(string level) =>
            await inside.PatchAsync(CoreResources.Namespaces, "", Mapped, PatchKind.Merge, Json($$"""{"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "{{level}}"} } }"""), default);
    }

    private static int Tries(RoughWay way) => way.Asked.Count(a => a.Method == "PATCH" && a.Address.AbsolutePath.Contains($"/namespaces/{Mapped}/configmaps/", StringComparison.Ordinal));

    private static string AppliedOf(KubeObject work) => Conditions.Find(work, OrreryNames.AppliedCondition) is { } applied ? $"{applied.Status} {applied.Reason}" : "";

    private static async Task<IReadOnlyList<string>> EventsAsync(KubeClient cluster, string name) =>
        [.. (await cluster.ListAsync(CoreResources.Events, "default", null, default)).Items.Where(e => e.TextAt("involvedObject", "name") == name).Select(e => $"{e.TextAt("reason")} {e.TextAt("message")}")];

    private static async Task<IReadOnlyList<string>> RecordAsync(KubeClient inside) =>
        [.. (await inside.ListAsync(CoreResources.ConfigMaps, "orrery-system", null, default)).Items
            .Where(c => c.Name.StartsWith("satellite-log-", StringComparison.Ordinal)).OrderBy(c => c.Name, StringComparer.Ordinal).SelectMany(c => c.TextAt("data", "log")!.Split('\n', StringSplitOptions.RemoveEmptyEntries))];

    private static Task ArrivesAsync(KubeClient inside, string name) => Eventually.SomeAsync(() => inside.FindAsync(CoreResources.ConfigMaps, Mapped, name, default), name, Limit);

    private static JsonObject ConfigMap(string name) => Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}"}, "data": {"key": "a"} }""");

    private static JsonObject Pod(string name) => Json($$"""
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "{{name}}"},
         "spec": {"containers": [{"name": "c", "image": "example.test/web:1", "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "2"} } }]} }
        """);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
