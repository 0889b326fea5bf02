using System.Diagnostics;

namespace Orrery.Tests.EndToEnd;

/// <summary>Logs of pods, and programs in them, through one virtual cluster wherever they run, with the real kubectl.</summary>
[Collection(ShopCollection.Name)]
public sealed class TunnelTests(Shop shop)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task LogsExecAndCopy_OfAPodAnywhere_WorkThroughTheVirtualCluster()
    {
        Kubectl acme = shop.Acme;
        await acme.RunAsync("create deployment talk --image=talk:1 --replicas=1");
        await acme.RunAsync("rollout status deployment talk --timeout=120s");
        string[] pods = await PodsAsync("talk", 3);

        // 1. Logs, of each data plane, by pod and by deployment.
        foreach (string pod in pods)
        {
            Assert.StartsWith($"talk started in pod {pod[..pod.LastIndexOf('.')]}", await acme.RunAsync($"logs {pod}"), StringComparison.Ordinal);
            Assert.Single((await acme.RunAsync($"logs {pod} -c talk --tail=1")).TrimEnd().Split('\n'));
        }

        Assert.Contains("not found", (await acme.TryAsync($"logs {pods[0]} --previous")).Error, StringComparison.Ordinal);
        Assert.Contains("container nope is not valid", (await acme.TryAsync($"logs {pods[0]} -c nope")).Error, StringComparison.Ordinal);

        // 2. A program: its output, its input, its exit code.
        Assert.Equal("hello\n", await acme.RunAsync($"exec {pods[0]} -- sh -c 'echo hello'"));
        Ended ended = await acme.TryAsync($"exec -i {pods[1]} -- sh", "echo from stdin\nexit 7\n");
        Assert.Equal((7, "from stdin\n"), (ended.ExitCode, ended.Output));
        Assert.Contains("nosuch: not found", (await acme.TryAsync($"exec {pods[0]} -- nosuch")).Error, StringComparison.Ordinal);

        // 3. A file, there and back.
        string file = Path.Combine(shop.Folder, "copied.txt");
        await File.WriteAllTextAsync(file, "carried\n", TestContext.Current.CancellationToken);
        await acme.RunAsync($"cp {file} {pods[2]}:/tmp/there");
        await acme.RunAsync($"cp {pods[2]}:/tmp/there {file}.back");
        Assert.Equal("carried\n", await File.ReadAllTextAsync(file + ".back", TestContext.Current.CancellationToken));

        // 4. Another tenant gets nowhere near.
        Assert.NotEqual(0, (await shop.Globex.TryAsync($"logs {pods[0]}")).ExitCode);
        await acme.RunAsync("delete deployment talk");
    }

    [Fact]
    public async Task FollowedLog_PrintsAsLinesCome()
    {
        Kubectl acme = shop.Acme;
        await acme.RunAsync("create deployment follow --image=follow:1 --replicas=1");
        await acme.RunAsync("rollout status deployment follow --timeout=120s");
        string pod = (await PodsAsync("follow", 3))[0];
        var start = new ProcessStartInfo("kubectl", ["logs", "-f", pod]) { RedirectStandardOutput = true, Environment = { ["KUBECONFIG"] = acme.Kubeconfig } };
        using Process kubectl = Process.Start(start)!;
        try
        {
            Assert.StartsWith("follow started", await LineAsync(kubectl), StringComparison.Ordinal);
            Assert.StartsWith("follow has been running", await LineAsync(kubectl), StringComparison.Ordinal);

            // It ends with the pod.
            await acme.RunAsync("delete deployment follow");
            await kubectl.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Limit, TestContext.Current.CancellationToken);
        }
        finally
        {
            kubectl.Kill();
        }
    }

    [Fact]
    public async Task SatelliteKilled_PodOfItsDataPlaneSaysSoAtOnceAndWorksAgainAfterwards()
    {
        Kubectl acme = shop.Acme;
        await acme.RunAsync("create deployment cut --image=cut:1 --replicas=1");
        await acme.RunAsync("rollout status deployment cut --timeout=120s");
        string[] pods = await PodsAsync("cut", 3);
        string gone = pods.Single(p => p.EndsWith(".ams9-ams", StringComparison.Ordinal));
        string other = pods.Single(p => p.EndsWith(".pa2-par", StringComparison.Ordinal));

        using (Process satellite = Process.GetProcessById((await shop.PidAsync("satellite-ams9-ams"))!.Value))
        {
            satellite.Kill();
        }

        await Eventually.ContainsAsync($"pod \"{gone}\" runs in data plane \"ams9-ams\", whose satellite is not connected since 20", async () => (await acme.TryAsync($"logs {gone}")).Error, Limit);
        Assert.Contains("ServiceUnavailable", (await acme.TryAsync($"logs {gone}")).Error, StringComparison.Ordinal);
        Assert.Equal("ok\n", await acme.RunAsync($"exec {other} -- echo ok"));

        (await shop.UpAsync()).Succeeded();
        await Eventually.HoldsAsync(async () => (await acme.TryAsync($"logs {gone}")).ExitCode == 0, Limit);
        await acme.RunAsync("delete deployment cut");
    }

    /// <summary>Names of the running pods of an application; what stands for them may come a moment after the count of the ready.</summary>
    private async Task<string[]> PodsAsync(string app, int count)
    {
        string[] names = [];
        await Eventually.EqualsAsync(
            count,
            async () =>
            {
                names = (await shop.Acme.RunAsync($"get pods -l app={app} --field-selector=status.phase=Running -o jsonpath={{.items[*].metadata.name}}"))
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries);
                return names.Length;
            },
            Limit);
        return names;
    }

    private static async Task<string> LineAsync(Process process) =>
        await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Limit, TestContext.Current.CancellationToken) ?? "";
}
