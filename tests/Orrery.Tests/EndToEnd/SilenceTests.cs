using System.Diagnostics;

namespace Orrery.Tests.EndToEnd;

/// <summary>A satellite that is stopped: said within a minute, nothing stale is shown, nothing else is affected, and it recovers.</summary>
[Collection(ShopCollection.Name)]
public sealed class SilenceTests(Shop shop)
{
    private const string Ready = "-o 'jsonpath={.status.conditions[?(@.type==\"Ready\")].status}'";

    [Fact]
    public async Task StoppedSatellite_IsReportedUnknown_AndConvergesWhenItIsBack()
    {
        Kubectl acme = shop.Acme;
        await acme.RunAsync("create deployment silent --image=silent:1 --replicas=2");
        await Eventually.EqualsAsync("6", () => ReplicasAsync(acme), TimeSpan.FromSeconds(60));

        int pid = await shop.PidAsync("satellite-ny8-nyc") ?? throw new InvalidOperationException("the satellite does not run");
        using (var satellite = Process.GetProcessById(pid))
        {
            satellite.Kill();
            await satellite.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        try
        {
            // Within a minute on a machine of its own: Unknown, only what is known is counted, and a condition says who is silent and since when.
            TimeSpan took = await Eventually.EqualsAsync("Unknown", () => shop.Root.RunAsync($"get dataplane ny8-nyc {Ready}"), TimeSpan.FromSeconds(120));
            TestContext.Current.SendDiagnosticMessage("Unknown after {0:0.0} s", took.TotalSeconds);
            await Eventually.EqualsAsync("4", () => ReplicasAsync(acme), TimeSpan.FromSeconds(60));
            string spread = await acme.RunAsync("get deployment silent -o 'jsonpath={range .status.conditions[?(@.type==\"orrery.dev/Spread\")]}{.status} {.message}{end}'");
            Assert.Contains("ny8-nyc", spread, StringComparison.Ordinal);
            Assert.Matches(@"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", spread);
            Assert.DoesNotContain("True", spread, StringComparison.Ordinal);

            // Nothing else is affected: the others follow, and the silent one runs on as it was.
            await Eventually.EqualsAsync("True", () => shop.Root.RunAsync($"get dataplane pa2-par {Ready}"), TimeSpan.FromSeconds(60));
            await acme.RunAsync("scale deployment silent --replicas=3");
            await Eventually.EqualsAsync("6", () => ReplicasAsync(acme), TimeSpan.FromSeconds(60));
            Assert.Equal("2", await shop.DataPlane("ny8-nyc").RunAsync("get deployment silent -n acme-shop-default -o jsonpath={.spec.replicas}"));
        }
        finally
        {
            // Others work on this installation.
            (await shop.UpAsync()).Succeeded();
        }

        // Back: converged, within ten seconds on a machine of its own.
        TimeSpan converged = await Eventually.EqualsAsync("9", () => ReplicasAsync(acme), TimeSpan.FromSeconds(60));
        TestContext.Current.SendDiagnosticMessage("converged after {0:0.0} s", converged.TotalSeconds);
        await acme.RunAsync("delete deployment silent");
    }

    private static async Task<string> ReplicasAsync(Kubectl kubectl) => (await kubectl.RunAsync("get deployment silent -o jsonpath={.status.readyReplicas}")).Trim();
}
