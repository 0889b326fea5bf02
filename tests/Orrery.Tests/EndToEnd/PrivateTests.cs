using System.Diagnostics;
using System.Globalization;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>
/// A tenant in its own network: the vendor's control plane, a Kubernetes of the tenant's own with RBAC, and in it the controllers with the rights of their
/// manifest and no more. Everything by the real programs: orrery, kubectl.
/// </summary>
public sealed class PrivateTests(PrivateTests.VendorOfTwo vendor) : IClassFixture<PrivateTests.VendorOfTwo>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Two customers, one of which runs the product itself.</summary>
    public sealed class VendorOfTwo : Installed
    {
        public override string DataPlanes => "solo";

        protected override async Task PrepareAsync()
        {
            string manifests = Path.Combine(Folder, "site.yaml");
            foreach ((string release, string color) in new[] { ("shop-1", "red"), ("shop-2", "blue") })
            {
                await File.WriteAllTextAsync(manifests, "{apiVersion: v1, kind: ConfigMap, metadata: {name: site}, data: {title: $(values.title), key: $(values.key), color: " + color + "}}");
                if (release == "shop-1")
                {
                    await Root.RunAsync("apply -f -", """
                        apiVersion: orrery.dev/v1alpha1
                        kind: TenantClass
                        metadata: {name: small}
                        spec: {quota: {pods: 7}}
                        ---
                        apiVersion: orrery.dev/v1alpha1
                        kind: Tenant
                        metadata: {name: acme}
                        spec: {class: small, members: [{kind: User, name: vendors-man, role: admin}]}
                        ---
                        apiVersion: orrery.dev/v1alpha1
                        kind: Tenant
                        metadata: {name: globex}
                        spec: {}
                        ---
                        apiVersion: orrery.dev/v1alpha1
                        kind: Application
                        metadata: {name: shop}
                        spec:
                          values:
                            - {dataPlaneLabels: {region: eu}, values: {title: Europe}}
                            - {dataPlanes: [solo], values: {title: of-others}}
                        """);
                }

                (await OrreryAsync("release", "create", release, "--application", "shop", "--version", release[^1..] + ".0.0", "--manifests", manifests)).Succeeded();
            }

            await Root.RunAsync("wait --for=condition=Ready tenant/acme tenant/globex release/shop-1 release/shop-2 --timeout=120s");
        }
    }

    [Fact]
    public async Task OwnControllers_InTheTenantsNetwork_FetchKeepAndReport()
    {
        Kubectl.Require();
        await using StandIn cluster = await StandIn.StartAsync();
        Kubectl owner = cluster.KubectlAs("owner", "system:masters");

        // 1. The vendor invites, the tenant applies what came and starts what it says.
        string manifest = (await vendor.OrreryAsync("private", "install", "--tenant", "acme", "--name", "acme-own", "--label", "region=eu")).Succeeded();
        await owner.RunAsync("apply --validate=strict -f -", manifest);
        string token = await owner.RunAsync("create token orrery-private -n orrery-system --duration 2h");
        string account = cluster.KubectlWith(token.Trim()).Kubeconfig;
        using var controllers = new Own(account);
        controllers.Start();
        await vendor.Root.RunAsync("wait --for=condition=Ready dataplane/acme-own --timeout=120s");
        await Eventually.HoldsAsync(
            async () => (await vendor.Root.RunAsync("get dataplane acme-own -o jsonpath={.status.kubernetesVersion}")).StartsWith("v1.36", StringComparison.Ordinal), Limit);

        // 2. An installation waits for what only the tenant has, and the vendor sees for what.
        await InstallAsync("acme", "acme-own");
        await InstallAsync("globex", "solo");
        await Eventually.EqualsAsync("there is no Secret acme/keys", () => ReasonAsync(vendor.Root, "message"), Limit);
        await owner.RunAsync("create secret generic keys -n acme '--from-literal=values.yaml=key: from-the-vault'");
        await Eventually.EqualsAsync("Running shop-1", () => PhaseAsync(vendor.Root), Limit);
        Assert.Equal("Europe from-the-vault red", await SiteAsync(owner));

        // 3. Only what is this tenant's came, and nothing secret went.
        Assert.Equal("acme", await owner.RunAsync("get tenants -o jsonpath={.items[*].metadata.name}"));
        Assert.Equal("", await owner.RunAsync("get tenant acme -o jsonpath={.spec.members}"));
        Assert.Equal("shop", await owner.RunAsync("get installations -A -o jsonpath={.items[*].metadata.name}"));
        Assert.DoesNotContain("of-others", await owner.RunAsync("get application shop -o yaml"), StringComparison.Ordinal);
        foreach (string ns in (string[])["acme-shop", "acme"])
        {
            await Eventually.EqualsAsync("7", async () => (await owner.TryAsync($"get quota orrery-tenant -n {ns} -o jsonpath={{.spec.hard.pods}}")).Output, Limit);
        }

        foreach (string role in (string[])["admin", "developer", "viewer"])
        {
            // The rights in the manifest are enough to hand out those that members get.
            await Eventually.EqualsAsync($"clusterrole.rbac.authorization.k8s.io/orrery:tenant-{role}", async () => (await owner.TryAsync($"get clusterrole orrery:tenant-{role} -o name")).Output.Trim(), Limit);
        }

        foreach (string kind in (string[])["installations", "works", "dataplanes", "events", "observations"])
        {
            Assert.DoesNotContain("from-the-vault", await vendor.Root.RunAsync($"get {kind} -A -o yaml"), StringComparison.Ordinal);
        }

        Assert.Equal("", await vendor.Root.RunAsync("get observations,tenancies -n dp-acme-own -o name"));

        // 4. The vendor is away: what somebody changes is put back, the tenant's own changes act, also after a restart.
        int pid = (await vendor.PidAsync("control-plane"))!.Value;
        (await Shell.RunAsync("kill", ["-KILL", pid.ToString(CultureInfo.InvariantCulture)])).Succeeded();
        await owner.RunAsync("patch configmap site -n acme-shop --type merge -p {\"data\":{\"color\":\"mine\"}}");
        await Eventually.EqualsAsync("Europe from-the-vault red", () => SiteAsync(owner), Limit);
        controllers.Stop();
        controllers.Start();
        await owner.RunAsync("delete configmap site -n acme-shop");
        await Eventually.EqualsAsync("Europe from-the-vault red", () => SiteAsync(owner), Limit);
        await owner.RunAsync("patch secret keys -n acme --type merge -p '{\"stringData\":{\"values.yaml\":\"key: rotated-in-the-vault\"}}'");
        await Eventually.EqualsAsync("Europe rotated-in-the-vault red", () => SiteAsync(owner), Limit);

        // 5. It is back: an upgrade arrives.
        (await vendor.UpAsync()).Succeeded();
        await vendor.Root.RunAsync("wait --for=condition=Ready dataplane/acme-own --timeout=120s");
        (await vendor.OrreryAsync("install", "set", "shop", "-n", "acme", "--release", "shop-2")).Succeeded();
        await Eventually.EqualsAsync("Europe rotated-in-the-vault blue", () => SiteAsync(owner), Limit);
        await Eventually.EqualsAsync("Running shop-2", () => PhaseAsync(vendor.Root), Limit);

        // 6. The data plane is used, and the vendor is told by whom. What the vendor takes back goes, and the tenant's own stays.
        Assert.Contains("it is used by the tenants acme", (await vendor.Root.TryAsync("delete dataplane acme-own")).Error, StringComparison.Ordinal);
        await vendor.Root.RunAsync("delete installation shop -n acme --timeout=120s");
        await Eventually.EqualsAsync(1, async () => (await owner.TryAsync("get namespace acme-shop")).ExitCode, Limit);
        await Eventually.EqualsAsync("", () => owner.RunAsync("get installations,releases,applications -A -o name"), Limit);
        Assert.Equal("secret/keys", (await owner.RunAsync("get secret keys -n acme -o name")).Trim());
        await vendor.Root.RunAsync("delete dataplane acme-own --timeout=120s");

        // 7. Of all bytes that the vendor keeps, its store's journal and its logs among them, none is of a secret.
        List<(string File, bool OfASecret, bool OfTheRelease)> kept = [];
        await Eventually.HoldsAsync(() => Task.FromResult((kept = Kept(vendor.Folder)).Count > 0), Limit);
        Assert.Contains(kept, k => k.File.EndsWith("-wal", StringComparison.Ordinal));
        Assert.Contains(kept, k => k.File.EndsWith(".log", StringComparison.Ordinal));
        Assert.All(kept, k => Assert.False(k.OfASecret, k.File));
        Assert.Contains(kept, k => k.OfTheRelease);
    }

    /// <summary>All files, and what is in each; none when one of them went meanwhile, as what is written beside the file whose place it takes does.</summary>
    private static List<(string File, bool OfASecret, bool OfTheRelease)> Kept(string folder)
    {
        var kept = new List<(string File, bool OfASecret, bool OfTheRelease)>();
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith("lock", StringComparison.Ordinal)))
        {
            try
            {
                using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using var bytes = new MemoryStream();
                file.CopyTo(bytes);
                ReadOnlySpan<byte> read = bytes.GetBuffer().AsSpan(0, (int)bytes.Length);
                kept.Add((path, read.IndexOf("the-vault"u8) >= 0, read.IndexOf("shop-2"u8) >= 0));
            }
            catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
            {
                return [];
            }
        }

        return kept;
    }

    [Theory]
    [InlineData("initech", "there is no tenant initech")]
    [InlineData("globex", "data plane solo is there and is not controlled by tenant globex")]
    public async Task Install_ForWhomItCannotBe_IsRefusedAndPrintsNoToken(string tenant, string reason)
    {
        Ended ended = await vendor.OrreryAsync("private", "install", "--tenant", tenant, "--name", "solo");

        Assert.Equal(1, ended.ExitCode);
        Assert.Equal("", ended.Output);
        Assert.Contains(reason, ended.Error, StringComparison.Ordinal);
    }

    private Task InstallAsync(string tenant, string dataPlane) => vendor.Root.RunAsync("apply -f -", $$"""
        apiVersion: orrery.dev/v1alpha1
        kind: Installation
        metadata: {name: shop, namespace: {{tenant}} }
        spec:
          application: shop
          release: shop-1
          valuesFrom: [{kind: Secret, name: keys}]
          placement: {dataPlanes: [{{dataPlane}}]}
        """);

    /// <remarks>kubectl fails where there is no first one yet.</remarks>
    private static async Task<string> ReasonAsync(Kubectl cluster, string part) => (await cluster.TryAsync($"get installation shop -n acme -o 'jsonpath={{.status.dataPlanes[0].{part}}}'")).Output;

    private static async Task<string> PhaseAsync(Kubectl cluster) => (await cluster.TryAsync("get installation shop -n acme -o 'jsonpath={.status.phase} {.status.releaseInForce}'")).Output;

    private static async Task<string> SiteAsync(Kubectl cluster) => (await cluster.TryAsync("get configmap site -n acme-shop -o 'jsonpath={.data.title} {.data.key} {.data.color}'")).Output;

    /// <summary>The tenant's controllers, as the Deployment's pod would run them.</summary>
    private sealed class Own(string kubeconfig) : IDisposable
    {
        private Process? process;

        public void Start()
        {
            process = Process.Start(new ProcessStartInfo(StandIn.Program, ["private", "run", "acme-own", "--tenant", "acme", "--kubeconfig", kubeconfig]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.OutputDataReceived += (_, line) => TestContext.Current.TestOutputHelper?.WriteLine(line.Data ?? "");
            process.ErrorDataReceived += (_, line) => TestContext.Current.TestOutputHelper?.WriteLine(line.Data ?? "");
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        public void Stop()
        {
            process?.Kill();
            process?.WaitForExit();
            process?.Dispose();
            process = null;
        }

        public void Dispose() => Stop();
    }
}
