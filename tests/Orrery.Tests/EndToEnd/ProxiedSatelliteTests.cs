using System.Diagnostics;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>A satellite's process that reaches the control plane through a real HTTP proxy with a password, which is refused, dies and comes back.</summary>
[Collection(WatchedCollection.Name)]
public sealed class ProxiedSatelliteTests(Watched watched)
{
    private const string Password = "a-pass-word";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Longer than from one usual beat to the next.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(15);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Satellite_BehindAProxy_SaysThatItIsRefused_AndIsAskedThroughItAgainAfterItDied()
    {
        Assert.SkipUnless(HttpProxy.Program is not null, "tinyproxy is not on PATH (Debian package tinyproxy-bin)");
        string pod = (await watched.Shop.RunAsync("get pods -l app=web -o jsonpath={.items[*].metadata.name}")).Split(' ').Single(p => p.EndsWith(".east", StringComparison.Ordinal));
        using var proxy = HttpProxy.Start(watched.Folder, "sat", Password);
        using (Process former = await watched.SatelliteAsync("east"))
        {
            ProcessSignals.Kill(former);
        }

        try
        {
            // 1. With another password it is not let through, and says so without it.
            using (SatelliteProcess refused = Start(proxy, "another-word"))
            {
                await Eventually.HoldsAsync(() => Task.FromResult(refused.HasSaid($"proxy 'http://127.0.0.1:{proxy.Port}/' failed with status code '401'")), Limit);
                Assert.False(refused.HasSaid("another-word"));
                Assert.Equal(0, proxy.LetThrough);
            }

            // 2. With the right one all passes, and the password stands where nobody else looks.
            using SatelliteProcess satellite = Start(proxy, Password);
            await IsAskedAsync(pod);
            Assert.True(proxy.LetThrough > 0);
            Assert.DoesNotContain(Password, await File.ReadAllTextAsync($"/proc/{satellite.Id}/cmdline", Token), StringComparison.Ordinal);
            using Process follower = Process.Start(new ProcessStartInfo("kubectl", ["logs", "-f", pod, "-c", "web"]) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["KUBECONFIG"] = watched.Shop.Kubeconfig } })!;
            try
            {
                Assert.StartsWith("web started", await follower.StandardOutput.ReadLineAsync(Token).AsTask().WaitAsync(Limit, Token), StringComparison.Ordinal);

                // 3. It dies: who follows is told that it is not the end, and who asks where the pod is.
                proxy.Break();
                await follower.WaitForExitAsync(Token).WaitAsync(Limit, Token);
                Assert.Equal(1, follower.ExitCode);
            }
            finally
            {
                ProcessSignals.Kill(follower);
            }

            Assert.Contains($"pod \"{pod}\" runs in data plane \"east\", whose satellite ", (await watched.Shop.TryAsync($"logs {pod} -c web")).Error, StringComparison.Ordinal);

            // 4. It is back, and so is everything else.
            proxy.Replace();
            await IsAskedAsync(pod);
            Assert.False(satellite.HasSaid(Password));
        }
        finally
        {
            watched.StartSatellite("east");
            await IsAskedAsync(pod);
        }
    }

    [Fact]
    public async Task Satellite_BehindAProxyThatEndsWhatIsQuiet_SoonBeatsOftenEnoughForItsStreamsToStay()
    {
        Assert.SkipUnless(HttpProxy.Program is not null, "tinyproxy is not on PATH (Debian package tinyproxy-bin)");
        string pod = (await watched.Shop.RunAsync("get pods -l app=web -o jsonpath={.items[*].metadata.name}")).Split(' ').Single(p => p.EndsWith(".east", StringComparison.Ordinal));
        using var proxy = HttpProxy.Start(watched.Folder, "sat", Password, idle: 4);
        using (Process former = await watched.SatelliteAsync("east"))
        {
            ProcessSignals.Kill(former);
        }

        try
        {
            using SatelliteProcess satellite = Start(proxy, Password);
            await IsAskedAsync(pod);
            int lists = await ListsAsync();

            // 1. Two tunnels are ended for being quiet, and then a program that says nothing for longer than that, and for longer than a usual beat, is still there.
            await Eventually.HoldsAsync(() => StaysAsync(pod), TimeSpan.FromSeconds(120));

            // 2. Nobody listed for it.
            Assert.True(proxy.LetThrough >= 3, $"{proxy.LetThrough} connections");
            Assert.Equal(lists, await ListsAsync());
        }
        finally
        {
            watched.StartSatellite("east");
            await IsAskedAsync(pod);
        }
    }

    /// <summary>Whether a program that is told nothing for a while still answers.</summary>
    private async Task<bool> StaysAsync(string pod)
    {
        using Process cat = Process.Start(new ProcessStartInfo("kubectl", ["exec", "-i", pod, "-c", "web", "--", "cat"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["KUBECONFIG"] = watched.Shop.Kubeconfig },
        })!;
        try
        {
            Task ended = cat.WaitForExitAsync(Token);
            if (await Task.WhenAny(ended, Task.Delay(Quiet, TimeProvider.System, Token)) == ended)
            {
                return false;
            }

            await cat.StandardInput.WriteLineAsync("still there".AsMemory(), Token);
            await cat.StandardInput.FlushAsync(Token);
            return await cat.StandardOutput.ReadLineAsync(Token).AsTask().WaitAsync(Limit, Token) == "still there";
        }
        finally
        {
            ProcessSignals.Kill(cat);
        }
    }

    /// <summary>Lists that the satellite asked for; whoever was not let in has no name.</summary>
    private async Task<int> ListsAsync() => (await watched.EventsAsync()).Count(e => (string?)e["verb"] == "list" && ((string?)e["user"]?["username"])?.StartsWith("orrery:data-plane:east:", StringComparison.Ordinal) is true);

    private SatelliteProcess Start(HttpProxy proxy, string password) => SatelliteProcess.Start("east", watched.DataPlane("east").Kubeconfig, $"http://sat:{password}@127.0.0.1:{proxy.Port}");

    private Task IsAskedAsync(string pod) => Eventually.EqualsAsync("asked\n", async () => (await watched.Shop.TryAsync($"exec {pod} -c web -- echo asked")).Output, Limit);
}
