using Orrery.Api;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

public sealed class LimitRangeTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly CancellationToken Token = ServerFixture.Token;

    [Fact]
    public async Task Create_WithoutAName_IsGivenOne()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject made = await fixture.Admin.CreateAsync(LimitRanges, ns, Json("""{"spec":{"limits":[{"type":"Pod","max":{"cpu":"1"}}]}}"""), Token);

        Assert.True(Guid.TryParse(made.Name, out _), made.Name);
        Assert.NotEqual(made.Uid, made.Name);
        Assert.Equal(made.Uid, (await fixture.Admin.GetAsync(LimitRanges, ns, made.Name, Token)).Uid);
    }

    [Fact]
    public async Task Create_APodThatStatesNothing_GetsTheDefaultsAndSaysSo()
    {
        string ns = await NamespaceAsync("""{"type":"Container","default":{"cpu":"500m","memory":"512Mi"},"defaultRequest":{"cpu":"100m"}}""");

        KubeObject pod = await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p"), Token);

        Assert.Equal(
            """{"limits":{"cpu":"500m","memory":"512Mi"},"requests":{"cpu":"100m","memory":"512Mi"}}""",
            pod.At("spec", "containers")!.Value[0].GetProperty("resources").GetRawText());
        Assert.Equal("LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c", pod.Annotations["kubernetes.io/limit-ranger"]);
    }

    [Theory]
    [InlineData("""{"requests":{"cpu":"50m"},"limits":{"cpu":"3"}}""", "[minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container is 2, but limit is 3, cpu max limit to request ratio per Container is 4, but provided ratio is 60.000000]")]
    [InlineData("""{"requests":{"cpu":"200m"},"limits":{"cpu":"1"}}""", "cpu max limit to request ratio per Container is 4, but provided ratio is 5.000000")]
    [InlineData("""{"requests":{"cpu":"1"}, "limits":{"cpu":"2500m"}}""", "maximum cpu usage per Container is 2, but limit is 2500m")]
    public async Task Create_OutOfBounds_IsForbiddenWithEveryFault(string resources, string why)
    {
        string ns = await NamespaceAsync("""{"type":"Container","min":{"cpu":"100m"},"max":{"cpu":"2"},"maxLimitRequestRatio":{"cpu":"4"}}""");

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p", resources), Token));

        Assert.Equal((403, $"pods \"p\" is forbidden: {why}"), (refusal.Code, refusal.Message));
    }

    [Fact]
    public async Task Create_APodBeyondTheSum_IsForbidden()
    {
        string ns = await NamespaceAsync("""{"type":"Pod","max":{"memory":"1Gi"}}""");

        StatusException none = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("none"), Token));
        StatusException much = await RefusalAsync(() => fixture.Admin.CreateAsync(
            ServerFixture.Pods, ns, Pod("much", """{"limits":{"memory":"700Mi"}}""", ""","initContainers":[{"name":"i","image":"i:1","restartPolicy":"Always","resources":{"limits":{"memory":"400Mi"}}}]"""), Token));

        Assert.Equal("pods \"none\" is forbidden: maximum memory usage per Pod is 1Gi.  No limit is specified", none.Message);
        Assert.Equal("pods \"much\" is forbidden: maximum memory usage per Pod is 1Gi, but limit is 1100Mi", much.Message);
    }

    [Fact]
    public async Task Create_AClaimOutOfBounds_IsForbidden()
    {
        string ns = await NamespaceAsync("""{"type":"PersistentVolumeClaim","min":{"storage":"1Gi"},"max":{"storage":"5Gi"}}""");

        StatusException small = await RefusalAsync(() => ClaimAsync(ns, "512Mi"));
        StatusException large = await RefusalAsync(() => ClaimAsync(ns, "6Gi"));

        Assert.Equal("persistentvolumeclaims \"data\" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 512Mi", small.Message);
        Assert.Equal("persistentvolumeclaims \"data\" is forbidden: maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 6Gi", large.Message);
    }

    [Fact]
    public async Task Create_ByTheControlPlane_StaysAsItIs()
    {
        ClusterName cluster = await fixture.ClusterAsync("limits");
        await fixture.Server.AdminOf(cluster).CreateAsync(LimitRanges, "default", Range("""{"type":"Container","default":{"cpu":"1"},"max":{"cpu":"2"}}"""), Token);

        KubeObject pod = await fixture.Server.ControlPlane().InCluster(cluster).CreateAsync(ServerFixture.Pods, "default", Pod("m", """{"limits":{"cpu":"4"}}"""), Token);

        Assert.Equal("4", pod.At("spec", "containers")!.Value[0].GetProperty("resources").GetProperty("limits").GetProperty("cpu").GetString());
        Assert.DoesNotContain("kubernetes.io/limit-ranger", pod.Annotations.Keys);
    }

    private Task<KubeObject> ClaimAsync(string ns, string size) => fixture.Admin.CreateAsync(
        Claims, ns, Json($$$$$"""{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"{{{{{size}}}}}"}}}}"""), Token);

    private async Task<string> NamespaceAsync(string limit)
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(LimitRanges, ns, Range(limit), Token);
        return ns;
    }

    private static System.Text.Json.Nodes.JsonObject Range(string limit) => Json($$$"""{"metadata":{"name":"r"},"spec":{"limits":[{{{limit}}}]}}""");
}
