using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>A cluster whose owner lets it join another vendor's control plane, and comes back: two real servers, one cluster, the real kubectl.</summary>
[Collection(VendorCollection.Name)]
public sealed class ControlPlaneChangeTests(Vendor vendor)
{
    private const string Mapped = "roamer-home-default";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Cluster_ThatServesAnotherControlPlane_KeepsWhatTheFormerHad()
    {
        Kubectl.Require();
        await using StandIn cluster = await StandIn.StartAsync();
        Kubectl owner = cluster.KubectlAs("owner", "system:masters");
        await using var other = new Vendor();
        await other.InitializeAsync();
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

    private static async Task<string> ValueAsync(Kubectl owner, string ns) => (await owner.TryAsync($"get configmap settings -n {ns} -o jsonpath={{.data.key}}")).Output;
}
