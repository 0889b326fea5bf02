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
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

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

        using Process controllers = Process.Start(start)!;
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
            string metrics = await AskAsync(http, "/metrics");
            Assert.Contains("orrery_data_plane_ready{data_plane=\"edge\"} 0\n", metrics, StringComparison.Ordinal);
            Assert.Contains("orrery_tenants_ready{status=\"True\"} 1\n", metrics, StringComparison.Ordinal);
            Assert.Contains("orrery_queue_depth{controller=\"tenants\"} 0\n", metrics, StringComparison.Ordinal);
            Assert.Matches("orrery_reconcile_duration_seconds_count\\{controller=\"tenants\"\\} [1-9]", metrics);

            await Eventually.EqualsAsync("/v1/logs /v1/metrics /v1/traces", () => Task.FromResult(collector.Received), Limit);

            // 3. What goes takes all of it along.
            await admin.RunAsync("delete tenant/acme dataplane/edge --timeout=30s");
            await Eventually.EqualsAsync(1, async () => (await admin.TryAsync("get namespace acme")).ExitCode, Limit);
            await Eventually.EqualsAsync(1, async () => (await admin.TryAsync("get namespace dp-edge")).ExitCode, Limit);
        }
        finally
        {
            (await Shell.RunAsync("kill", ["-TERM", controllers.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])).Succeeded();
            await controllers.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
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
