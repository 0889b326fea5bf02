using System.Diagnostics;
using Orrery.Api.Crds;
using Orrery.Testing;
using Orrery.Tests.EndToEnd;
using Eventually = Orrery.Tests.EndToEnd.Eventually;
using Kubectl = Orrery.Tests.EndToEnd.Kubectl;

namespace Orrery.Tests.KubeApiServer;

/// <summary>The vendor's controllers with root being a Kubernetes that has none of Orrery's kinds built in: they are applied by hand.</summary>
public sealed class ControllersCommandTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Controllers_OnAnyKubernetes_KeepTenantsAndDataPlanes()
    {
        Kubectl.Require();
        await using StandIn server = await StandIn.StartAsync();
        Kubectl admin = server.KubectlAs("admin", "system:masters");
        foreach ((_, string yaml) in OrreryCrds.All)
        {
            await admin.RunAsync("apply -f -", yaml);
        }

        int port = FreePort.Take();
        await using var collector = new OtlpCollector();
        var start = new ProcessStartInfo(StandIn.Program) { ArgumentList = { "controllers", "--kubeconfig", admin.Kubeconfig, "--metrics-address", $"127.0.0.1:{port}" } };
        foreach ((string name, string value) in collector.Environment)
        {
            start.Environment[name] = value;
        }

        using Process controllers = Start(start);
        try
        {
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            await Eventually.EqualsAsync("ok", () => AskAsync(http, "/readyz"), Limit);

            // 1. A data plane with its satellite's access, a tenant with its members' and its bounds.
            await admin.RunAsync("apply -f -", """
                apiVersion: orrery.dev/v1alpha1
                kind: DataPlane
                metadata: {name: edge}
                ---
                apiVersion: orrery.dev/v1alpha1
                kind: TenantClass
                metadata: {name: small}
                spec: {quota: {pods: 5}}
                ---
                apiVersion: orrery.dev/v1alpha1
                kind: Tenant
                metadata: {name: acme}
                spec: {class: small, members: [{kind: User, name: ada, role: developer}]}
                """);
            await Eventually.EqualsAsync("True", async () => (await admin.TryAsync("get tenant acme -o 'jsonpath={.status.conditions[?(@.type==\"Ready\")].status}'")).Output, Limit);
            await Eventually.EqualsAsync(0, async () => (await admin.TryAsync("get role satellite -n dp-edge")).ExitCode, Limit);
            await Eventually.EqualsAsync("5", async () => (await admin.TryAsync("get quota orrery-tenant -n acme -o jsonpath={.spec.hard.pods}")).Output, Limit);
            await Eventually.EqualsAsync("yes", async () => (await admin.TryAsync("auth can-i create installations.orrery.dev -n acme --as ada")).Output.Trim(), Limit);
            Assert.Equal("no", (await admin.TryAsync("auth can-i create virtualclusters.orrery.dev -n acme --as ada")).Output.Trim());

            // 2. They tell of themselves.
            await Eventually.ContainsAsync("orrery_data_plane_ready{data_plane=\"edge\"} 0\n", () => AskAsync(http, "/metrics"), Limit);
            await Eventually.ContainsAsync("orrery_tenants_ready{status=\"True\"} 1\n", () => AskAsync(http, "/metrics"), Limit);
            await Eventually.ContainsAsync("orrery_queue_depth{controller=\"tenants\"} 0\n", () => AskAsync(http, "/metrics"), Limit);
            await Eventually.MatchesAsync("orrery_reconcile_duration_seconds_count\\{controller=\"tenants\"\\} [1-9]", () => AskAsync(http, "/metrics"), Limit);

            await Eventually.EqualsAsync("/v1/logs /v1/metrics /v1/traces", () => Task.FromResult(collector.Received), Limit);

            // 3. What goes takes all of it along.
            await admin.RunAsync("delete tenant/acme dataplane/edge --timeout=120s");
            await Eventually.EqualsAsync(1, async () => (await admin.TryAsync("get namespace acme")).ExitCode, Limit);
            await Eventually.EqualsAsync(1, async () => (await admin.TryAsync("get namespace dp-edge")).ExitCode, Limit);
        }
        finally
        {
            (await Shell.RunAsync("kill", ["-TERM", controllers.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])).Succeeded();
            await controllers.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Satellite_OfTheRootClusterItself_JoinsAndRunsAnInstallation()
    {
        Kubectl.Require();
        await using StandIn server = await StandIn.StartAsync(StandIn.Signing);
        Kubectl admin = server.KubectlAs("admin", "system:masters");
        using Process controllers = Start("controllers", "--kubeconfig", admin.Kubeconfig);
        try
        {
            // 1. It joins by the cluster's own API for certificates, and beats by a Lease, as nobody takes tunnels there.
            await Eventually.EqualsAsync(0, async () => (await admin.TryAsync("get crd dataplanes.orrery.dev")).ExitCode, Limit);
            await Eventually.EqualsAsync(0, async () => (await admin.TryAsync("get configmap cluster-info -n kube-public")).ExitCode, Limit);
            string manifest = (await Shell.RunAsync(StandIn.Program, ["data-plane", "add", "here", "--kubeconfig", admin.Kubeconfig])).Succeeded();
            await admin.RunAsync("apply -f -", manifest);
            string account = server.KubectlWith((await admin.RunAsync("create token orrery-satellite -n orrery-system")).Trim()).Kubeconfig;
            using Process satellite = Start("satellite", "here", "--kubeconfig", account);
            try
            {
                await admin.RunAsync("wait --for=condition=Ready dataplane/here --timeout=120s");
                Assert.Equal("satellite", await admin.RunAsync("get lease tunnel -n dp-here -o jsonpath={.spec.holderIdentity}"));

                // 2. Root and data plane are one cluster, and neither takes the other's namespaces for its own.
                await admin.RunAsync("apply -f -", """
                    apiVersion: orrery.dev/v1alpha1
                    kind: TenantClass
                    metadata: {name: small}
                    spec: {quota: {pods: 5}}
                    ---
                    apiVersion: orrery.dev/v1alpha1
                    kind: Tenant
                    metadata: {name: acme}
                    spec: {class: small}
                    ---
                    apiVersion: orrery.dev/v1alpha1
                    kind: Application
                    metadata: {name: shop}
                    ---
                    apiVersion: orrery.dev/v1alpha1
                    kind: Release
                    metadata: {name: shop-1}
                    spec: {application: shop, version: 1.0.0, bundle: {manifests: {inline: [{apiVersion: v1, kind: ConfigMap, metadata: {name: site}, data: {a: b}}]}}}
                    """);
                await admin.RunAsync("wait --for=condition=Ready tenant/acme --timeout=120s");
                await admin.RunAsync("apply -f -", """
                    apiVersion: orrery.dev/v1alpha1
                    kind: Installation
                    metadata: {name: web, namespace: acme}
                    spec: {application: shop, release: shop-1, placement: {dataPlanes: [here]}}
                    """);
                await admin.RunAsync("wait --for=condition=Ready installation/web -n acme --timeout=120s");
                Assert.Equal("b", await admin.RunAsync("get configmap site -n acme-web -o jsonpath={.data.a}"));
                await Eventually.EqualsAsync("5 5", () => admin.RunAsync("get quota -A -l orrery.dev/guard=acme -o 'jsonpath={.items[*].spec.hard.pods}'"), Limit);
                Assert.Equal("", await admin.RunAsync("get namespace acme-web -o jsonpath={.metadata.ownerReferences}"));

                await Eventually.HoldsAsync(
                    async () => (await admin.TryAsync("delete tenantclass small --dry-run=server")).Error.Contains("it is used by the tenants acme; give them another class first", StringComparison.Ordinal), Limit);

                // 3. Nobody serves virtual clusters there, and that is said.
                await admin.RunAsync("apply -f -", """
                    {"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "vc", "namespace": "acme"}, "spec": {} }
                    """);
                await Eventually.EqualsAsync("NotServed", async () => (await admin.TryAsync("get virtualcluster vc -n acme -o 'jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}'")).Output, Limit);

                await admin.RunAsync("delete installation web -n acme --timeout=120s");
                await Eventually.EqualsAsync(1, async () => (await admin.TryAsync("get namespace acme-web")).ExitCode, Limit);
            }
            finally
            {
                await EndAsync(satellite);
            }

            // 4. That it is gone is noticed.
            await admin.RunAsync("wait --for=condition=Ready=Unknown dataplane/here --timeout=180s");
        }
        finally
        {
            await EndAsync(controllers);
        }
    }

    private static Process Start(params string[] arguments) => Start(new ProcessStartInfo(StandIn.Program, arguments));

    private static Process Start(ProcessStartInfo start)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => TestContext.Current.TestOutputHelper?.WriteLine(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => TestContext.Current.TestOutputHelper?.WriteLine(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task EndAsync(Process process)
    {
        (await Shell.RunAsync("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])).Succeeded();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<string> AskAsync(HttpClient http, string path)
    {
        try
        {
            return await http.GetStringAsync(path, TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException notYet)
        {
            return notYet.Message;
        }
    }
}
