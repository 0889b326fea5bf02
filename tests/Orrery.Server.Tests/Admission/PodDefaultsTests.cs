using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

public sealed class PodDefaultsTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly CancellationToken Token = ServerFixture.Token;
    private static readonly GroupVersionResource StorageClasses = new("storage.k8s.io", "v1", "storageclasses");
    private static readonly GroupVersionResource RuntimeClasses = new("node.k8s.io", "v1", "runtimeclasses");

    [Fact]
    public async Task Priority_OfASystemClass_IsThereInEveryCluster()
    {
        ClusterName cluster = await fixture.ClusterAsync("priority");
        KubeClient tenant = fixture.Server.AdminOf(cluster);

        KubeObject pod = await tenant.CreateAsync(ServerFixture.Pods, "default", Pod("p", spec: ""","priorityClassName":"system-cluster-critical" """), Token);
        StatusException delete = await RefusalAsync(() => tenant.DeleteAsync(PriorityClasses, "", "system-node-critical", null, Token));

        Assert.Equal(2_000_000_000, pod.At("spec", "priority")!.Value.GetInt64());
        Assert.Equal("priorityclasses.scheduling.k8s.io \"system-node-critical\" is forbidden: this is a system priority class and cannot be deleted", delete.Message);
        Assert.Equal(["system-cluster-critical", "system-node-critical"], (await tenant.ListAsync(PriorityClasses, "", null, Token)).Items.Select(i => i.Name));
    }

    [Fact]
    public async Task Priority_OfAnUnknownClassOrAnotherNumber_IsForbidden()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(PriorityClasses, "", Json("""{"metadata":{"name":"plain"},"value":7,"preemptionPolicy":"Never"}"""), Token);

        StatusException unknown = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p", spec: ""","priorityClassName":"none" """), Token));
        StatusException number = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p", spec: ""","priorityClassName":"plain","priority":8"""), Token));
        KubeObject pod = await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p", spec: ""","priorityClassName":"plain" """), Token);

        Assert.Equal("pods \"p\" is forbidden: no PriorityClass with name none was found", unknown.Message);
        Assert.Equal(
            "pods \"p\" is forbidden: the integer value of priority (8) must not be provided in pod spec; priority admission controller computed 7 from the given PriorityClass name", number.Message);
        Assert.Equal((7L, "Never"), (pod.At("spec", "priority")!.Value.GetInt64(), pod.TextAt("spec", "preemptionPolicy")));
    }

    [Fact]
    public async Task PriorityAndTolerations_OfAPodThatIsReplacedByItsManifest_AreKept()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(PriorityClasses, "", Json("""{"metadata":{"name":"kept"},"value":9,"preemptionPolicy":"Never"}"""), Token);
        const string manifest = ""","priorityClassName":"kept","serviceAccountName":"default","automountServiceAccountToken":false""";
        KubeObject made = await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p", spec: manifest), Token);

        JsonObject again = Pod("p", spec: manifest);
        again["metadata"]!["labels"] = Json("""{"version":"2"}""");
        KubeObject replaced = await fixture.Admin.UpdateAsync(ServerFixture.Pods, ns, "p", again, Token);
        again["spec"]!["priority"] = 8;
        StatusException changed = await RefusalAsync(() => fixture.Admin.UpdateAsync(ServerFixture.Pods, ns, "p", again, Token));

        Assert.Equal(made.At("spec", "tolerations")!.Value.GetRawText(), replaced.At("spec", "tolerations")!.Value.GetRawText());
        Assert.Equal((9L, "Never"), (replaced.At("spec", "priority")!.Value.GetInt64(), replaced.TextAt("spec", "preemptionPolicy")));
        Assert.NotEqual(made.ResourceVersion, replaced.ResourceVersion);
        Assert.Equal(422, changed.Code);
    }

    [Fact]
    public async Task Overhead_OfARuntimeClass_IsGivenToItsPods()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(
            RuntimeClasses, "", Json("""{"metadata":{"name":"boxed"},"handler":"boxed","overhead":{"podFixed":{"memory":"64Mi"}},"scheduling":{"nodeSelector":{"box":"yes"}}}"""), Token);

        KubeObject pod = await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p", spec: ""","runtimeClassName":"boxed" """), Token);
        StatusException unknown = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("q", spec: ""","runtimeClassName":"none" """), Token));
        StatusException alone = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("q", spec: ""","overhead":{"memory":"1Mi"}"""), Token));

        Assert.Equal(("64Mi", "yes"), (pod.TextAt("spec", "overhead", "memory"), pod.TextAt("spec", "nodeSelector", "box")));
        Assert.Equal("pods \"q\" is forbidden: pod rejected: RuntimeClass \"none\" not found", unknown.Message);
        Assert.Equal("pods \"q\" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead", alone.Message);
    }

    [Fact]
    public async Task Claim_IsKeptWhileAPodUsesIt()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject made = await fixture.Admin.CreateAsync(Claims, ns, Claim("data"), Token);
        await fixture.Admin.CreateAsync(
            ServerFixture.Pods, ns, Pod("user", spec: ""","nodeName":"n","volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"}}]"""), Token);

        await fixture.Admin.DeleteAsync(Claims, ns, "data", null, Token);
        KubeObject kept = await fixture.Admin.GetAsync(Claims, ns, "data", Token);
        await fixture.Admin.DeleteAsync(ServerFixture.Pods, ns, "user", new DeleteQuery { GracePeriodSeconds = 0 }, Token);

        Assert.Equal(["kubernetes.io/pvc-protection"], made.Finalizers);
        Assert.True(kept.IsDeleting);
        await GoneAsync(ns, "data");
    }

    [Fact]
    public async Task Claim_ThatNamesNoClass_GetsTheDefaultAndGrowsOnlyWhereThatAllowsIt()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(
            StorageClasses, "", Json("""{"metadata":{"name":"std","annotations":{"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"example.com/disk"}"""), Token);

        KubeObject made = await fixture.Admin.CreateAsync(Claims, ns, Claim("data"), Token);
        JsonObject more = Json("""{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}""");
        StatusException unbound = await RefusalAsync(() => fixture.Admin.PatchAsync(Claims, ns, "data", PatchKind.Merge, more, Token));

        Assert.Equal("std", made.TextAt("spec", "storageClassName"));
        Assert.Equal(422, unbound.Code);
    }

    private static JsonObject Claim(string name) =>
        Json($$$$$"""{"metadata":{"name":"{{{{{name}}}}}"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""");

    private Task GoneAsync(string ns, string name) => Eventually.TrueAsync(
        async () => await fixture.Admin.FindAsync(Claims, ns, name, Token) is null, $"{name} goes", cancellationToken: Token);
}
