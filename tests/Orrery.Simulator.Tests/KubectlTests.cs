using System.Diagnostics;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Tests.Support;
using Orrery.Testing;

namespace Orrery.Simulator.Tests;

/// <summary>The real kubectl takes a simulated data plane for a cluster like any other.</summary>
public sealed class KubectlTests
{
    [Fact]
    public async Task Kubectl_OrdinaryUse_Works()
    {
        Assert.SkipUnless(Kubectl.IsInstalled, "kubectl is not installed");
        await using Plane plane = await Plane.StartAsync();
        using var directory = new TempDirectory();
        string config = directory.Write("config", plane.Kubeconfig());
        string manifest = directory.Write("web.yaml", Manifests.Deployment("web", 2));

        foreach (string node in (string[])["pa2-par-node-1", "pa2-par-node-2", "pa2-par-node-3"])
        {
            await plane.UntilAsync(Known.Nodes, node, n => Client.Conditions.IsTrue(n, "Ready"), "nodes ready");
        }

        string nodes = await RunAsync(config, directory, "get", "nodes");
        Assert.Equal(["pa2-par-node-1", "pa2-par-node-2", "pa2-par-node-3"], nodes.Split('\n')[1..4].Select(l => l.Split(' ')[0]));
        Assert.All(nodes.Split('\n')[1..4], l => Assert.Contains(" Ready ", l, StringComparison.Ordinal));

        await RunAsync(config, directory, "apply", "-f", manifest);
        string rolled = await RunAsync(config, directory, "rollout", "status", "deployment/web", "--timeout=120s");
        Assert.EndsWith("deployment \"web\" successfully rolled out\n", rolled, StringComparison.Ordinal);
        await RunAsync(config, directory, "wait", "--for=condition=Available", "deployment/web", "--timeout=120s");
        string logs = await RunAsync(config, directory, "logs", "deployment/web", "--timestamps");
        Assert.Contains("web started in pod web-", logs, StringComparison.Ordinal);

        await RunAsync(config, directory, "set", "image", "deployment/web", "web=web:2");
        await RunAsync(config, directory, "rollout", "status", "deployment/web", "--timeout=120s");
        await RunAsync(config, directory, "rollout", "undo", "deployment/web");
        await RunAsync(config, directory, "rollout", "status", "deployment/web", "--timeout=120s");
        Assert.Equal("web:1", await RunAsync(config, directory, "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"));
        await RunAsync(config, directory, "delete", "deployment", "web", "--timeout=120s");
        await plane.UntilPodsAsync("app=web", p => p.Count == 0, "pods gone");
    }

    private static async Task<string> RunAsync(string config, TempDirectory directory, params string[] arguments)
    {
        var start = new ProcessStartInfo("kubectl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KUBECONFIG"] = config;
        start.Environment["KUBECACHEDIR"] = directory.File("cache");
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}: {error}");
        return await output;
    }
}
