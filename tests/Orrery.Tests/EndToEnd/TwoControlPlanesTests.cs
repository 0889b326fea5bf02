using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>
/// One cluster and two control planes, real servers and the real kubectl: its owner lets it join another vendor's and come back, or satellites of both work in it at once, which is not supported. Nothing
/// is lost by either, and it is said.
/// </summary>
[Collection(VendorCollection.Name)]
public sealed class TwoControlPlanesTests(Vendor vendor, TwoControlPlanesTests.OtherVendor other) : IClassFixture<TwoControlPlanesTests.OtherVendor>
{
    private const string Mapped = "roamer-home-default";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <summary>The control plane beside that of <see cref="Vendor"/>.</summary>
    public sealed class OtherVendor : Installed
    {
        public override string DataPlanes => "solo";
    }

    [Fact]
    public async Task Cluster_ThatServesAnotherControlPlane_KeepsWhatTheFormerHad()
    {
        Kubectl.Require();
        await using StandIn cluster = await StandIn.StartAsync();
        Kubectl owner = cluster.KubectlAs("owner", "system:masters");
        string first = await IdAsync(vendor), second = await IdAsync(other);

        // 1. What a tenant of the first has, and a claim beside it that a controller of the cluster made.
        Kubectl home;
        using (SatelliteProcess satellite = await JoinAsync(vendor, "add", "roaming", owner, cluster))
        {
            home = await TenantAsync(vendor, "roamer", "roaming");
            await home.RunAsync("create configmap settings --from-literal=key=first");
            await Eventually.EqualsAsync("first", () => ValueAsync(owner, Mapped), Limit);
            await owner.RunAsync("apply -f -", $$$"""
                {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "{{{Mapped}}}"},
                 "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"} } } }
                """);
        }

        string before = await owner.RunAsync($"get ns/{Mapped} pvc/data cm/settings -n {Mapped} -o jsonpath={{.items[*].metadata.uid}}");

        // 2. The second finds it, says so, and overwrites nothing of a tenant of the same name.
        using (SatelliteProcess satellite = await JoinAsync(other, "add", "arrived", owner, cluster))
        {
            await other.Root.RunAsync("wait --for=condition=LeftBehind dataplane/arrived --timeout=90s");
            await Eventually.ContainsAsync(
                $"1 objects and 1 namespaces of another control plane ({first}): ConfigMap {Mapped}/settings, Namespace {Mapped}",
                async () => (await other.OrreryAsync("data-plane", "describe", "arrived")).Succeeded(), Limit);
            await Eventually.ContainsAsync("AnotherControlPlane", () => other.Root.RunAsync("get events --field-selector involvedObject.kind=DataPlane,involvedObject.name=arrived -o jsonpath={.items[*].reason}"), Limit);
            Kubectl same = await TenantAsync(other, "roamer", "arrived"), theirs = await TenantAsync(other, "settler", "arrived");
            await same.RunAsync("create configmap settings --from-literal=key=second");
            await theirs.RunAsync("create configmap settings --from-literal=key=second");
            await Eventually.EqualsAsync("second", () => ValueAsync(owner, "settler-home-default"), Limit);
            await Eventually.ContainsAsync($"of another control plane ({first}); it is left as it is", () => same.RunAsync("get events -o jsonpath={.items[*].message}"), Limit);
            Assert.Equal(before, await owner.RunAsync($"get ns/{Mapped} pvc/data cm/settings -n {Mapped} -o jsonpath={{.items[*].metadata.uid}}"));
            Assert.Equal("first", await ValueAsync(owner, Mapped));

            // What its vendor sees meanwhile.
            await Eventually.EqualsAsync("Unknown", () => vendor.Root.RunAsync("get dataplane roaming -o 'jsonpath={range .status.conditions[?(@.type==\"Ready\")]}{.status}{end}'"), Limit);
        }

        // 3. Back again it goes on where it was; what the second had stays until the cluster's owner says otherwise.
        using (SatelliteProcess satellite = await JoinAsync(vendor, "token", "roaming", owner, cluster))
        {
            await home.RunAsync("patch configmap settings --type=merge -p {\"data\":{\"key\":\"again\"}}");
            await Eventually.EqualsAsync("again", () => ValueAsync(owner, Mapped), Limit);
            await vendor.Root.RunAsync("wait --for=condition=LeftBehind dataplane/roaming --timeout=90s");
            Assert.Equal("second", await ValueAsync(owner, "settler-home-default"));

            await owner.RunAsync($"create configmap satellite-policy -n orrery-system --from-literal=removeOf={second}");
            await Eventually.HoldsAsync(async () => (await owner.TryAsync("get namespace settler-home-default")).ExitCode != 0, Limit);
            await Eventually.EqualsAsync("", () => vendor.Root.RunAsync("get dataplane roaming -o 'jsonpath={range .status.conditions[?(@.type==\"LeftBehind\")]}{.status}{end}'"), Limit);
            Assert.Equal(before, await owner.RunAsync($"get ns/{Mapped} pvc/data cm/settings -n {Mapped} -o jsonpath={{.items[*].metadata.uid}}"));
        }
    }

    [Fact]
    public async Task Satellites_OfTwoControlPlanes_LeaveEachOthersAlone_AndTheFormerSaysThatAnotherIsThere()
    {
        Kubectl.Require();
        await using StandIn cluster = await StandIn.StartAsync();
        Kubectl owner = cluster.KubectlAs("owner", "system:masters");

        // 1. Both work.
        using SatelliteProcess first = await JoinAsync(vendor, "add", "earlier", owner, cluster);
        Kubectl native = await TenantAsync(vendor, "native", "earlier");
        await native.RunAsync("create configmap settings --from-literal=key=first");
        await Eventually.EqualsAsync("first", () => ValueAsync(owner, "native-home-default"), Limit);
        string before = await UidAsync(owner, "native-home-default");
        using SatelliteProcess second = await JoinAsync(other, "add", "later", owner, cluster);
        Kubectl settler = await TenantAsync(other, "comer", "later");
        await settler.RunAsync("create configmap settings --from-literal=key=second");
        await Eventually.EqualsAsync("second", () => ValueAsync(owner, "comer-home-default"), Limit);

        // 2. What each wants is brought about and put back by its own, and by nobody else.
        foreach ((Kubectl tenant, string ns, string value) in ((Kubectl, string, string)[])[(native, "native-home-default", "third"), (settler, "comer-home-default", "fourth")])
        {
            await tenant.RunAsync($"patch configmap settings --type=merge -p {{\"data\":{{\"key\":\"{value}\"}}}}");
            await Eventually.EqualsAsync(value, () => ValueAsync(owner, ns), Limit);
            await owner.RunAsync($"patch configmap settings -n {ns} --type=merge -p {{\"data\":{{\"key\":\"hacked\"}}}}");
            await Eventually.EqualsAsync(value, () => ValueAsync(owner, ns), Limit);
        }

        // 3. The one that lost its Secret says whose it is now; the other says what it found.
        await Eventually.HoldsAsync(() => Task.FromResult(first.HasSaid("holds the identity of data plane later of ") && first.HasSaid("another satellite works in this cluster")), Limit);
        Assert.True(second.HasSaid("the identity found was issued to data plane earlier"));
        await other.Root.RunAsync("wait --for=condition=LeftBehind dataplane/later --timeout=90s");
        Assert.Equal(before, await UidAsync(owner, "native-home-default"));

        // 4. The record of the cluster's owner has what both did, and is whole. Nobody writes it, or anything else, again and again.
        string record = (await RecordAsync(owner)).Succeeded();
        Assert.Contains("\"namespace\":\"native-home-default\",\"name\":\"settings\"", record, StringComparison.Ordinal);
        Assert.Contains("\"namespace\":\"comer-home-default\",\"name\":\"settings\"", record, StringComparison.Ordinal);
        Assert.Contains("are whole", (await RecordAsync(owner, "--verify")).Succeeded(), StringComparison.Ordinal);
        string versions = await VersionsAsync(owner);
        await Task.Delay(TimeSpan.FromSeconds(6), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal(versions, await VersionsAsync(owner));
    }

    internal static async Task<SatelliteProcess> JoinAsync(Installed by, string verb, string name, Kubectl owner, StandIn cluster)
    {
        await owner.RunAsync("apply -f -", (await by.OrreryAsync("data-plane", verb, name)).Succeeded());
        var satellite = SatelliteProcess.Start(name, cluster.KubectlWith((await owner.RunAsync("create token orrery-satellite -n orrery-system --duration 2h")).Trim()).Kubeconfig);
        await by.Root.RunAsync($"wait --for=condition=Ready dataplane/{name} --timeout=120s");
        return satellite;
    }

    internal static async Task<Kubectl> TenantAsync(Installed at, string tenant, string dataPlane)
    {
        await at.Root.RunAsync("apply -f -", $$$"""
            {"apiVersion": "v1", "kind": "List", "items": [
             {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "{{{tenant}}}", "labels": {"orrery.dev/tenant": "{{{tenant}}}"} } },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "{{{tenant}}}"}, "spec": {} },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "home", "namespace": "{{{tenant}}}"}, "spec": {"placement": {"dataPlanes": ["{{{dataPlane}}}"]} } }]}
            """);
        await at.Root.RunAsync($"wait --for=condition=Ready virtualcluster/home -n {tenant} --timeout=120s");
        return await at.VirtualClusterAsync($"{tenant}/home");
    }

    private static Task<string> IdAsync(Installed at) => at.Root.RunAsync("get namespace kube-system -o jsonpath={.metadata.uid}");

    private static Task<Ended> RecordAsync(Kubectl owner, params string[] flags) => Shell.RunAsync(StandIn.Program, ["satellite-log", "--kubeconfig", owner.Kubeconfig, .. flags]);

    private static Task<string> VersionsAsync(Kubectl owner) => owner.RunAsync("get configmaps,secrets,networkpolicies -A -o 'jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {.metadata.resourceVersion};{end}'");

    private static Task<string> UidAsync(Kubectl owner, string ns) => owner.RunAsync($"get ns/{ns} cm/settings -n {ns} -o jsonpath={{.items[*].metadata.uid}}");

    private static async Task<string> ValueAsync(Kubectl owner, string ns) => (await owner.TryAsync($"get configmap settings -n {ns} -o jsonpath={{.data.key}}")).Output;
}
