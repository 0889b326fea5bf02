using System.Diagnostics;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>A satellite's process that is suspended: its connection stands, and nobody answers. Whoever asks for one of its pods is told which data plane is silent, in whichever way kubectl asks.</summary>
[Collection(WatchedCollection.Name)]
public sealed class SilentSatelliteTests(Watched watched)
{
    /// <summary>Two heartbeats of ten seconds and a look, and what a busy machine takes beside.</summary>
    private static readonly TimeSpan Told = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task SuspendedSatellite_EverythingAskedOfItsPodsNamesIt_AndTheFirstOfThemWorksWhenItIsBack()
    {
        string pod = watched.Pod;
        using Process satellite = await watched.SatelliteAsync("west");
        ProcessSignals.Pause(satellite);
        try
        {
            // 1. What is asked while it is only just silent waits until that is known, and is told then.
            string[] asked =
            [
                $"exec {pod} -c web -- true", $"attach {pod} -c web", $"port-forward pod/{pod} :80", $"logs {pod} -c web", $"logs -f {pod} -c web",
                $"get --raw /clusters/acme/shop/api/v1/namespaces/default/pods/{pod}:80/proxy/",
            ];
            var clock = Stopwatch.StartNew();
            await Task.WhenAll(asked.SelectMany(a => (Task[])[IsToldAsync(a, webSockets: true), IsToldAsync(a, webSockets: false)]));
            TestContext.Current.SendDiagnosticMessage("told within {0:0.0} s", clock.Elapsed.TotalSeconds);
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, Told);

            // 2. From then on at once, with the time since when; so is an operator.
            clock.Restart();
            Assert.Matches($"pod \"{pod}\" runs in data plane \"west\", whose satellite is not connected since 20", (await watched.Shop.TryAsync($"exec {pod} -c web -- true")).Error);
            Assert.Contains("data plane \"west\", whose satellite is not connected since 20", (await watched.OrreryAsync("data-plane", "kubectl", "west", "--", "get", "pods", "-A")).Error, StringComparison.Ordinal);
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(15));

            // 3. Pods elsewhere are not held up, and their figures are there.
            Assert.Contains(".east", await watched.Shop.RunAsync("top pods"), StringComparison.Ordinal);
        }
        finally
        {
            ProcessSignals.Continue(satellite);
        }

        // 4. It goes on where it stopped, over the connection that it has: the first that is asked then is answered, and the tunnel stays.
        await watched.Root.RunAsync("wait --for=condition=Ready dataplane/west --timeout=120s");
        Assert.Equal("back\n", await watched.Shop.RunAsync($"exec {pod} -c web -- echo back"));
        Assert.StartsWith("web ", await watched.Shop.RunAsync($"logs {pod} -c web --tail=1"), StringComparison.Ordinal);
    }

    private async Task IsToldAsync(string arguments, bool webSockets)
    {
        Ended ended = await watched.Shop.TryAsync(arguments, environment: Watched.Streams(webSockets));
        Assert.Equal(1, ended.ExitCode);
        Assert.True(ended.Error.Contains($"pod \"{watched.Pod}\" runs in data plane \"west\", whose satellite ", StringComparison.Ordinal), $"{ended.Command}\n{ended.Error}\n{watched.Tail}");
    }
}
