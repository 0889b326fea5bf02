using System.Diagnostics;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>A satellite's process that reaches the control plane through a real HTTP proxy with a password, which is refused, dies and comes back.</summary>
[Collection(WatchedCollection.Name)]
public sealed class ProxiedSatelliteTests(Watched watched)
{
    private const string Password = "a-pass-word";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

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

    private SatelliteProcess Start(HttpProxy proxy, string password) => SatelliteProcess.Start("east", watched.DataPlane("east").Kubeconfig, $"http://sat:{password}@127.0.0.1:{proxy.Port}");

    private Task IsAskedAsync(string pod) => Eventually.EqualsAsync("asked\n", async () => (await watched.Shop.TryAsync($"exec {pod} -c web -- echo asked")).Output, Limit);
}
