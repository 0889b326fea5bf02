using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>A control plane alone.</summary>
public sealed class Vendor : Installed
{
    public override string DataPlanes => "solo";
}

[CollectionDefinition(Name)]
public sealed class VendorCollection : ICollectionFixture<Vendor>
{
    public const string Name = "vendor";
}

/// <summary>
/// A cluster that is not ours joins: an API server started by hand, with RBAC, in which the satellite has the rights of its manifest and no more.
/// Everything by the real programs: orrery, kubectl.
/// </summary>
[Collection(VendorCollection.Name)]
public sealed class JoinTests(Vendor vendor)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task StrangeCluster_Joins_WithTheRightsOfItsManifest()
    {
        Kubectl.Require();
        await using StandIn cluster = await StandIn.StartAsync();
        Kubectl owner = cluster.KubectlAs("owner", "system:masters");

        // 1. The operator adds it, its owner applies what came.
        string manifest = (await vendor.OrreryAsync("data-plane", "add", "edge1", "--label", "region=eu")).Succeeded();
        await owner.RunAsync("apply -f -", manifest);
        Assert.Equal("region=eu", (await vendor.Root.RunAsync("get dataplane edge1 -o jsonpath={.metadata.labels.region}")).Insert(0, "region="));

        // 2. What the Deployment's pod would do: the satellite runs as its service account.
        string token = await owner.RunAsync("create token orrery-satellite -n orrery-system --duration 2h");
        string kubeconfig = cluster.KubectlWith(token.Trim()).Kubeconfig;
        using SatelliteProcess satellite = SatelliteProcess.Start("edge1", kubeconfig);
        await vendor.Root.RunAsync("wait --for=condition=Ready dataplane/edge1 --timeout=120s");
        Assert.Contains("orrery-satellite", await owner.RunAsync("get secrets -n orrery-system -o name"), StringComparison.Ordinal);

        // Applied again, it takes away no right that it had gathered, not for a moment.
        Assert.Contains("clusterrole.rbac.authorization.k8s.io/orrery-satellite unchanged", await owner.RunAsync("apply -f -", manifest), StringComparison.Ordinal);

        // 3. A tenant's objects run there.
        await vendor.Root.RunAsync("create namespace acme");
        await vendor.Root.RunAsync("label namespace acme orrery.dev/tenant=acme");
        await vendor.Root.RunAsync("apply -f -", """
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "acme"}, "spec": {} }
            """);
        await vendor.Root.RunAsync("apply -f -", """
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "shop", "namespace": "acme"}, "spec": {"placement": {"dataPlanes": ["edge1"]} } }
            """);
        await vendor.Root.RunAsync("wait --for=condition=Ready virtualcluster/shop -n acme --timeout=120s");
        Kubectl shop = await vendor.VirtualClusterAsync("acme/shop");
        await shop.RunAsync("create configmap settings --from-literal=a=b");
        await shop.RunAsync("create deployment web --image=web:1");
        await Eventually.EqualsAsync("b", async () => (await owner.TryAsync("get configmap settings -n acme-shop-default -o jsonpath={.data.a}")).Output, Limit);
        await Eventually.EqualsAsync("web:1", async () => (await owner.TryAsync("get deployment web -n acme-shop-default -o jsonpath={.spec.template.spec.containers[0].image}")).Output, Limit);

        // 4. The operator looks at it, through the satellite, with its rights.
        Ended through = await vendor.OrreryAsync("data-plane", "kubectl", "edge1", "--", "get", "configmap", "settings", "-n", "acme-shop-default", "-o", "jsonpath={.data.a}");
        Assert.Equal("b", through.Succeeded());
        Assert.Contains("cannot list resource \"clusterroles\"", (await vendor.OrreryAsync("data-plane", "kubectl", "edge1", "--", "get", "clusterroles")).Error, StringComparison.Ordinal);

        // 5. The owner takes Secrets away from it: it says so, and goes on with the rest.
        string role = await owner.RunAsync("get clusterrole orrery-satellite-workloads -o yaml");
        Assert.Contains("  - secrets\n", role, StringComparison.Ordinal);
        await owner.RunAsync("replace -f -", role.Replace("  - secrets\n", "", StringComparison.Ordinal));
        await shop.RunAsync("create secret generic keys --from-literal=k=v");
        await shop.RunAsync("create configmap more --from-literal=c=d");
        await Eventually.EqualsAsync("d", async () => (await owner.TryAsync("get configmap more -n acme-shop-default -o jsonpath={.data.c}")).Output, Limit);
        await Eventually.EqualsAsync(
            "False Forbidden",
            async () => await vendor.Root.RunAsync("get works -n dp-edge1 -o 'jsonpath={range .items[?(@.spec.source.name==\"keys\")].status.conditions[?(@.type==\"Applied\")]}{.status} {.reason}{end}'"),
            Limit);

        await Eventually.EqualsAsync(
            "False the cluster does not let the satellite everywhere: get, list, watch, create, patch, delete secrets",
            async () => await vendor.Root.RunAsync("get dataplane edge1 -o 'jsonpath={range .status.conditions[?(@.type==\"Permitted\")]}{.status} {.message}{end}'"),
            Limit);

        // 6. Also a satellite that starts without the right works.
        satellite.Dispose();
        using SatelliteProcess another = SatelliteProcess.Start("edge1", kubeconfig);
        await shop.RunAsync("create configmap third --from-literal=e=f");
        await Eventually.EqualsAsync("f", async () => (await owner.TryAsync("get configmap third -n acme-shop-default -o jsonpath={.data.e}")).Output, Limit);

        // 7. The owner reads what was done, and holds it back.
        await Eventually.HoldsAsync(
            async () => (await owner.RunAsync("get configmap -n orrery-system -l orrery.dev/satellite-log -o 'jsonpath={range .items[*]}{.data.log}{end}'"))
                .Contains("\"verb\":\"apply\",\"kind\":\"ConfigMap\",\"namespace\":\"acme-shop-default\",\"name\":\"third\"", StringComparison.Ordinal),
            Limit);
        await owner.RunAsync("create configmap satellite-policy -n orrery-system --from-literal=mode=Paused");
        await vendor.Root.RunAsync("wait --for=condition=Restricted dataplane/edge1 --timeout=120s");
        await shop.RunAsync("create configmap fourth --from-literal=g=h");
        await Eventually.EqualsAsync(
            "DeniedByPolicy",
            async () => await vendor.Root.RunAsync("get works -n dp-edge1 -o 'jsonpath={range .items[?(@.spec.source.name==\"fourth\")].status.conditions[?(@.type==\"Applied\")]}{.reason}{end}'"),
            Limit);
        Assert.NotEqual(0, (await owner.TryAsync("get configmap fourth -n acme-shop-default")).ExitCode);

        // Who asks the cluster's API reads why that is closed, which kubectl would not tell.
        await owner.RunAsync("patch configmap satellite-policy -n orrery-system --type merge --patch '{\"data\":{\"mode\":\"Enabled\",\"kinds\":\"ConfigMap\"}}'");
        await Eventually.EqualsAsync(
            "orrery: the policy of the cluster's owner does not allow it: namespaces or kinds are narrowed, and the cluster's API knows more of them",
            async () => (await vendor.OrreryAsync("data-plane", "kubectl", "edge1", "--", "get", "pods")).Error.Trim(), Limit);

        // 8. Whether the record is as it was written, the command line tells: one line changed by hand, which others follow, shows.
        another.Dispose();
        Assert.Matches("^lines 1 to [0-9]+ are whole\nhead [0-9]+:[0-9a-f]{64}\n$", (await vendor.OrreryAsync("satellite-log", "--verify", "--kubeconfig", owner.Kubeconfig)).Succeeded());
        string log = await owner.RunAsync("get configmap -n orrery-system -l orrery.dev/satellite-log -o json");
        await owner.RunAsync("replace -f -", log.Replace("\\\"name\\\":\\\"settings\\\"", "\\\"name\\\":\\\"other\\\"", StringComparison.Ordinal));
        Ended changed = await vendor.OrreryAsync("satellite-log", "--verify", "--kubeconfig", owner.Kubeconfig);
        Assert.Equal(1, changed.ExitCode);
        Assert.Matches("the record is not whole: line [0-9]+ was written after another line [0-9]+ than there is now", changed.Error);
    }

    [Fact]
    public async Task Approve_NothingWaits_SaysSo()
    {
        Ended ended = await vendor.OrreryAsync("data-plane", "approve", "solo");

        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("no request of data plane solo waits for approval", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_WithAnAddressThatIsNone_MakesNothing()
    {
        Ended ended = await vendor.OrreryAsync("data-plane", "add", "misspelt", "--server", "api.example.test");

        Assert.Equal((1, "orrery: --server: 'api.example.test' does not have the form https://host:port"), (ended.ExitCode, ended.Error.Trim()));
        Assert.Equal(1, (await vendor.OrreryAsync("data-plane", "get", "misspelt")).ExitCode);
    }

    [Fact]
    public async Task Add_ForATenantThatNobodyHasMade_WarnsOfIt()
    {
        Ended ended = await vendor.OrreryAsync("data-plane", "add", "early", "--access", "Private", "--tenant", "nobody");
        await vendor.OrreryAsync("data-plane", "delete", "early");

        Assert.Equal((0, "Warning: --tenants: there is no Tenant nobody\n"), (ended.ExitCode, ended.Error));
    }

    [Fact]
    public async Task Add_NameTaken_IsRefusedAndPrintsNoToken()
    {
        Ended ended = await vendor.OrreryAsync("data-plane", "add", "solo");

        Assert.Equal(1, ended.ExitCode);
        Assert.Equal("", ended.Output);
        Assert.Contains("already exists; 'orrery data-plane token solo' prints a manifest with another token", ended.Error, StringComparison.Ordinal);
    }
}
