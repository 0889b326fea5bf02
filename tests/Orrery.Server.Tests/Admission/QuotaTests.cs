using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Storage.Memory;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

public sealed class QuotaTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly CancellationToken Token = ServerFixture.Token;
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    [Fact]
    public async Task Create_BeyondACount_IsForbiddenWithWhatIsUsed()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("few", """{"count/secrets":"1"}"""), Token);
        await fixture.Admin.CreateAsync(Secrets, ns, Json("""{"metadata":{"name":"a"}}"""), Token);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(Secrets, ns, Json("""{"metadata":{"name":"b"}}"""), Token));

        Assert.Equal(403, refusal.Code);
        Assert.Equal("secrets \"b\" is forbidden: exceeded quota: few, requested: count/secrets=1, used: count/secrets=1, limited: count/secrets=1", refusal.Message);
    }

    [Fact]
    public async Task Create_OfAQuota_AnswersWhatIsUsedAlready()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p", """{"requests":{"cpu":"100m"},"limits":{"memory":"1Gi"}}"""), Token);

        await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", """{"pods":"10","requests.cpu":"1","limits.memory":"2Gi","secrets":"5","requests.nvidia.com/gpu":"4"}"""), Token);
        KubeObject quota = await fixture.Admin.GetAsync(Quotas, ns, "q", Token);

        Assert.Equal("""{"limits.memory":"1Gi","pods":"1","requests.cpu":"100m","requests.nvidia.com/gpu":"0","secrets":"0"}""", quota.At("status", "used")!.Value.GetRawText());
        Assert.Equal("2Gi", quota.TextAt("status", "hard", "limits.memory"));
    }

    /// <summary>By the rules of upstream's libraries (0.36.4), as are all of these amounts.</summary>
    [Fact]
    public async Task Create_OfAmountsFinerThanAThousandth_RoundsThemUp()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject quota = await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", """{"cpu":"8545100u","limits.memory":"1.1Gi","memory":"0.0001Ki","requests.ephemeral-storage":"1e-4","requests.nvidia.com/gpu":"2.0"}"""), Token);
        Assert.Equal("""{"cpu":"8546m","limits.memory":"1181116006400m","memory":"103m","requests.ephemeral-storage":"1e-3","requests.nvidia.com/gpu":"2"}""", quota.At("spec", "hard")!.Value.GetRawText());
        await fixture.Admin.DeleteAsync(Quotas, ns, "q", null, Token);
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", """{"cpu":"1","memory":"1Gi"}"""), Token);

        KubeObject pod = await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p", """{"limits":{"cpu":"123456789n"},"requests":{"cpu":"100.5m","memory":"1000000.0001"}}"""), Token);

        JsonObject container = JsonNode.Parse(pod.At("spec", "containers")!.Value.GetRawText())![0]!["resources"]!.AsObject();
        Assert.Equal("""{"limits":{"cpu":"124m"},"requests":{"cpu":"101m","memory":"1000000001m"}}""", container.ToJsonString());
        Assert.Equal("""{"cpu":"101m","memory":"1000000001m"}""", (await fixture.Admin.GetAsync(Quotas, ns, "q", Token)).At("status", "used")!.Value.GetRawText());
    }

    /// <summary>A pod that a tenant makes runs in data planes, from which it is mirrored beside the one that was made.</summary>
    [Fact]
    public async Task Create_APodThatIsMirrored_CountsOnceAndThoseOfWorkloadsEach()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("bare", """{"requests":{"cpu":"100m"}}"""), Token);
        foreach (string name in (string[])["bare.a1", "web-1.a1", "web-2.a1"])
        {
            JsonObject mirrored = Pod(name, """{"requests":{"cpu":"100m"}}""");
            mirrored["metadata"]!["labels"] = Json("""{"orrery.dev/data-plane":"a1"}""");
            mirrored["metadata"]!["finalizers"] = new JsonArray("orrery.dev/mirror");
            await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, mirrored, Token);
        }

        await fixture.Admin.CreateAsync(Quotas, ns, Quota("all", """{"pods":"10","count/pods":"10","requests.cpu":"1"}"""), Token);
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("count", """{"count/pods":"10"}"""), Token);

        Assert.Equal("""{"count/pods":"3","pods":"3","requests.cpu":"300m"}""", (await fixture.Admin.GetAsync(Quotas, ns, "all", Token)).At("status", "used")!.Value.GetRawText());
        Assert.Equal("""{"count/pods":"3"}""", (await fixture.Admin.GetAsync(Quotas, ns, "count", Token)).At("status", "used")!.Value.GetRawText());
    }

    [Fact]
    public async Task Create_AClaimOfDevices_IsChargedWhatItMayGetAtMost()
    {
        var claims = new GroupVersionResource("resource.k8s.io", "v1", "resourceclaims");
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", """{"count/resourceclaims.resource.k8s.io":"2","gpu.example.com.deviceclass.resource.k8s.io/devices":"5"}"""), Token);

        await fixture.Admin.CreateAsync(claims, ns, Json("""
            {"metadata":{"name":"a"},"spec":{"devices":{"requests":[{"name":"one","exactly":{"deviceClassName":"gpu.example.com","count":2}},
             {"name":"two","firstAvailable":[{"name":"x","deviceClassName":"gpu.example.com"},{"name":"y","deviceClassName":"gpu.example.com","count":2},{"name":"z","deviceClassName":"other.example.com"}]}]}}}
            """), Token);
        KubeObject quota = await fixture.Admin.GetAsync(Quotas, ns, "q", Token);
        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(
            claims, ns, Json("""{"metadata":{"name":"b"},"spec":{"devices":{"requests":[{"name":"all","exactly":{"deviceClassName":"gpu.example.com","allocationMode":"All"}}]}}}"""), Token));

        Assert.Equal("""{"count/resourceclaims.resource.k8s.io":"1","gpu.example.com.deviceclass.resource.k8s.io/devices":"4"}""", quota.At("status", "used")!.Value.GetRawText());
        Assert.Equal(
            "resourceclaims.resource.k8s.io \"b\" is forbidden: exceeded quota: q, requested: gpu.example.com.deviceclass.resource.k8s.io/devices=32, "
            + "used: gpu.example.com.deviceclass.resource.k8s.io/devices=4, limited: gpu.example.com.deviceclass.resource.k8s.io/devices=5",
            refusal.Message);
    }

    [Fact]
    public async Task Create_APodThatDoesNotSayWhatIsLimited_IsForbidden()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", """{"limits.cpu":"1","requests.memory":"1Gi"}"""), Token);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p"), Token));

        Assert.Equal("pods \"p\" is forbidden: failed quota: q: must specify limits.cpu for: c; requests.memory for: c", refusal.Message);
    }

    [Fact]
    public async Task Create_ManyAtOnceThroughTwoServers_NeverGoesBeyond()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        await using TestServer one = await TestServer.StartAsync(new TestServerOptions { Store = store }, Token);
        await using TestServer other = await TestServer.StartAsync(new TestServerOptions { Store = store }, Token);
        await one.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("busy"), Token);
        await one.Admin.CreateAsync(Quotas, "busy", Quota("q", """{"pods":"7","requests.cpu":"1"}"""), Token);

        bool[] made = await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            try
            {
                await (i % 2 == 0 ? one : other).Admin.CreateAsync(ServerFixture.Pods, "busy", Pod($"p-{i}", """{"requests":{"cpu":"10m"}}"""), Token);
                return true;
            }
            catch (StatusException refusal) when (refusal.Code == 403)
            {
                return false;
            }
        }));

        Assert.Equal(7, made.Count(m => m));
        Assert.Equal(7, (await other.Admin.ListAsync(ServerFixture.Pods, "busy", null, Token)).Items.Count);
        KubeObject quota = await one.Admin.GetAsync(Quotas, "busy", "q", Token);
        Assert.Equal("""{"pods":"7","requests.cpu":"70m"}""", quota.At("status", "used")!.Value.GetRawText());
    }

    [Fact]
    public async Task Delete_GivesBack()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", """{"pods":"1"}"""), Token);
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("a"), Token);
        Assert.Equal("1", (await fixture.Admin.GetAsync(Quotas, ns, "q", Token)).TextAt("status", "used", "pods"));

        await fixture.Admin.DeleteAsync(ServerFixture.Pods, ns, "a", null, Token);

        await EventuallyAsync(fixture.Admin, Quotas, ns, "q", q => q.TextAt("status", "used", "pods") == "0");
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("b"), Token);
    }

    [Fact]
    public async Task Update_ThatUsesMore_IsChargedForTheDifference()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", """{"services":"5","services.nodeports":"1"}"""), Token);
        await fixture.Admin.CreateAsync(ServerFixture.Services, ns, Json("""{"metadata":{"name":"s"},"spec":{"ports":[{"name":"a","port":80},{"name":"b","port":81}]}}"""), Token);

        StatusException refusal = await RefusalAsync(() =>
            fixture.Admin.PatchAsync(ServerFixture.Services, ns, "s", PatchKind.Merge, Json("""{"spec":{"type":"NodePort"}}"""), Token));

        Assert.Equal("services \"s\" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1", refusal.Message);
    }

    [Fact]
    public async Task Scopes_ChargeOnlyWhatTheyAreAbout()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(PriorityClasses, "", Json("""{"metadata":{"name":"quota-high"},"value":1000}"""), Token);
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("idle", """{"pods":"1"}""", ""","scopes":["BestEffort"]"""), Token);
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("high", """{"pods":"0"}""", ""","scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In","values":["quota-high"]}]}"""), Token);

        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("burst", """{"requests":{"cpu":"1"}}"""), Token);
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("best-1"), Token);
        StatusException second = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("best-2"), Token));
        StatusException high = await RefusalAsync(() =>
            fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("high", """{"requests":{"cpu":"1"}}""", ""","priorityClassName":"quota-high" """), Token));

        Assert.Equal("pods \"best-2\" is forbidden: exceeded quota: idle, requested: pods=1, used: pods=1, limited: pods=1", second.Message);
        Assert.Equal("pods \"high\" is forbidden: exceeded quota: high, requested: pods=1, used: pods=0, limited: pods=0", high.Message);
    }

    /// <summary>What is in a scope from an update on is charged with all that it uses, though the update asks for no more.</summary>
    [Fact]
    public async Task Update_IntoAScope_IsChargedAsAWhole()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(
            Quotas, ns, Quota("gold", """{"persistentvolumeclaims":"1"}""", ""","scopeSelector":{"matchExpressions":[{"scopeName":"VolumeAttributesClass","operator":"In","values":["gold"]}]}"""), Token);
        foreach (string name in new[] { "a", "b" })
        {
            await fixture.Admin.CreateAsync(Claims, ns, Claim(name, "silver"), Token);
            await fixture.Admin.PatchAsync(Claims, ns, name, PatchKind.Merge, Json("""{"status":{"phase":"Bound"}}"""), Token, "status");
        }

        await fixture.Admin.PatchAsync(Claims, ns, "a", PatchKind.Merge, Json("""{"spec":{"volumeAttributesClassName":"gold"}}"""), Token);
        StatusException second = await RefusalAsync(() => fixture.Admin.PatchAsync(Claims, ns, "b", PatchKind.Merge, Json("""{"spec":{"volumeAttributesClassName":"gold"}}"""), Token));

        Assert.Equal(
            "persistentvolumeclaims \"b\" is forbidden: exceeded quota: gold, requested: persistentvolumeclaims=1, used: persistentvolumeclaims=1, limited: persistentvolumeclaims=1", second.Message);
    }

    /// <summary>One that is on its way from one class to another is of both: in a scope by one of them, and out of it by none.</summary>
    [Theory]
    [InlineData("In", true)]
    [InlineData("NotIn", true)]
    [InlineData("Exists", true)]
    [InlineData("DoesNotExist", false)]
    public async Task Scope_OfAClaimOfTwoClasses_IsMetByEither(string op, bool counts)
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(Claims, ns, Claim("a", "silver"), Token);
        await fixture.Admin.PatchAsync(Claims, ns, "a", PatchKind.Merge, Json("""{"status":{"currentVolumeAttributesClassName":"gold"}}"""), Token, "status");
        string values = op is "In" or "NotIn" ? ""","values":["gold"]""" : "";
        await fixture.Admin.CreateAsync(
            Quotas, ns, Quota("q", """{"persistentvolumeclaims":"5"}""", $$""","scopeSelector":{"matchExpressions":[{"scopeName":"VolumeAttributesClass","operator":"{{op}}"{{values}}}]}"""), Token);

        KubeObject quota = await EventuallyAsync(fixture.Admin, Quotas, ns, "q", q => q.TextAt("status", "used", "persistentvolumeclaims") is not null);
        Assert.Equal(counts ? "1" : "0", quota.TextAt("status", "used", "persistentvolumeclaims"));
    }

    /// <summary>What a container still has counts until its node has taken it back.</summary>
    [Fact]
    public async Task Used_OfAPodThatIsMadeSmaller_IsWhatItStillHas()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("big", """{"requests":{"cpu":"2"}}"""), Token);
        await fixture.Admin.PatchAsync(
            ServerFixture.Pods, ns, "big", PatchKind.Merge,
            Json("""{"status":{"phase":"Running","containerStatuses":[{"name":"c","image":"i","imageID":"i","ready":true,"restartCount":0,"resources":{"requests":{"cpu":"2"}},"allocatedResources":{"cpu":"2"}}]}}"""), Token, "status");
        await fixture.Admin.PatchAsync(ServerFixture.Pods, ns, "big", PatchKind.Strategic, Json("""{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"1"}}}]}}"""), Token, "resize");

        await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", """{"requests.cpu":"2"}"""), Token);
        await EventuallyAsync(fixture.Admin, Quotas, ns, "q", q => q.TextAt("status", "used", "requests.cpu") == "2");
        await fixture.Admin.PatchAsync(
            ServerFixture.Pods, ns, "big", PatchKind.Merge,
            Json("""{"status":{"containerStatuses":[{"name":"c","image":"i","imageID":"i","ready":true,"restartCount":0,"resources":{"requests":{"cpu":"1"}},"allocatedResources":{"cpu":"1"}}]}}"""), Token, "status");
        await EventuallyAsync(fixture.Admin, Quotas, ns, "q", q => q.TextAt("status", "used", "requests.cpu") == "1");
    }

    /// <summary>A mirrored pod has its data plane's class where that is one here, so that quotas go by it; another is unknown here.</summary>
    [Fact]
    public async Task Create_ByTheControlPlane_KeepsAClassThatIsKnown()
    {
        ClusterName cluster = await fixture.ClusterAsync("quota");
        KubeClient tenant = fixture.Server.AdminOf(cluster);
        KubeClient mirror = fixture.Server.ControlPlane().InCluster(cluster);
        await tenant.CreateAsync(PriorityClasses, "", Json("""{"metadata":{"name":"high"},"value":1000,"preemptionPolicy":"Never"}"""), Token);
        await tenant.CreateAsync(Quotas, "default", Quota("q", """{"pods":"5"}""", ""","scopes":["PriorityClass"]"""), Token);

        KubeObject known = await mirror.CreateAsync(ServerFixture.Pods, "default", Pod("m-1", spec: ""","priorityClassName":"high" """), Token);
        KubeObject unknown = await mirror.CreateAsync(ServerFixture.Pods, "default", Pod("m-2", spec: ""","priorityClassName":"theirs" """), Token);

        Assert.Equal(("high", 1000, "Never"), (known.TextAt("spec", "priorityClassName"), known.NumberAt("spec", "priority"), known.TextAt("spec", "preemptionPolicy")));
        Assert.Equal((null, 0, "PreemptLowerPriority"), (unknown.TextAt("spec", "priorityClassName"), unknown.NumberAt("spec", "priority"), unknown.TextAt("spec", "preemptionPolicy")));
        await EventuallyAsync(tenant, Quotas, "default", "q", q => q.TextAt("status", "used", "pods") == "1");
    }

    [Fact]
    public async Task Create_DryRun_IsRefusedAndChargesNothing()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", """{"secrets":"1"}"""), Token);

        (int fits, _, _) = await SendAsync(fixture.Server, HttpMethod.Post, $"/api/v1/namespaces/{ns}/secrets?dryRun=All", ServerFixture.Named("a"));
        string used = (await fixture.Admin.GetAsync(Quotas, ns, "q", Token)).TextAt("status", "used", "secrets")!;
        await fixture.Admin.CreateAsync(new GroupVersionResource("", "v1", "secrets"), ns, ServerFixture.Named("b"), Token);
        (int beyond, JsonObject status, _) = await SendAsync(fixture.Server, HttpMethod.Post, $"/api/v1/namespaces/{ns}/secrets?dryRun=All", ServerFixture.Named("c"));

        Assert.Equal((201, "0", 403), (fits, used, beyond));
        Assert.Equal("secrets \"c\" is forbidden: exceeded quota: q, requested: secrets=1, used: secrets=1, limited: secrets=1", status.TextAt("message"));
    }

    [Fact]
    public async Task Create_ByTheControlPlane_IsCountedAndNotRefused()
    {
        ClusterName cluster = await fixture.ClusterAsync("quota");
        KubeClient tenant = fixture.Server.AdminOf(cluster);
        KubeClient mirror = fixture.Server.ControlPlane().InCluster(cluster);
        await tenant.CreateAsync(Quotas, "default", Quota("q", """{"pods":"1"}"""), Token);

        await mirror.CreateAsync(ServerFixture.Pods, "default", Pod("m-1"), Token);
        await mirror.CreateAsync(ServerFixture.Pods, "default", Pod("m-2"), Token);

        await EventuallyAsync(tenant, Quotas, "default", "q", q => q.TextAt("status", "used", "pods") == "2");
        StatusException refusal = await RefusalAsync(() => tenant.CreateAsync(ServerFixture.Pods, "default", Pod("own"), Token));
        Assert.Equal(403, refusal.Code);
    }

    [Fact]
    public async Task Update_OfTheLimit_IsSeenInTheStatus()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", """{"pods":"1"}"""), Token);

        await fixture.Admin.PatchAsync(Quotas, ns, "q", PatchKind.Merge, Json("""{"spec":{"hard":{"pods":"3","count/deployments.apps":"1"}}}"""), Token);

        KubeObject quota = await EventuallyAsync(fixture.Admin, Quotas, ns, "q", q => q.TextAt("status", "hard", "pods") == "3");
        Assert.Equal("""{"count/deployments.apps":"0","pods":"0"}""", quota.At("status", "used")!.Value.GetRawText());
    }

    private static JsonObject Claim(string name, string type) =>
        Json($$"""{"metadata":{"name":"{{name}}"},"spec":{"accessModes":["ReadWriteOnce"],"volumeAttributesClassName":"{{type}}","resources":{"requests":{"storage":"1Gi"} } } }""");
}
