using System.Diagnostics;
using System.Globalization;

namespace Orrery.Tests.EndToEnd;

/// <summary>Any process may be killed at any moment: what was acknowledged is there afterwards, and the fleet converges.</summary>
[Collection(ShopCollection.Name)]
public sealed class DurabilityTests(Shop shop)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public static TheoryData<string> Killed => ["control-plane", "data-plane-pa2-par", "satellite-pa2-par"];

    [Theory]
    [MemberData(nameof(Killed))]
    public async Task Kill9_AtARandomMomentOfFiftyApplies_LosesNothingAcknowledged(string process)
    {
        int seed = Environment.TickCount;
        TestContext.Current.SendDiagnosticMessage("seed {0}", seed);
        var random = new Random(seed);
        string prefix = "kill-" + process.Split('-')[0];
        int killAt = random.Next(5, 45);
        var acknowledged = new Dictionary<string, string>(StringComparer.Ordinal);

        Task<Ended>? up = null;
        try
        {
            for (int i = 0; i < 50; i++)
            {
                string name = prefix + "-" + i.ToString(CultureInfo.InvariantCulture);
                Task<Ended> apply = shop.Acme.TryAsync("apply --request-timeout=60s -f -", ConfigMap(name, i.ToString(CultureInfo.InvariantCulture), prefix));
                if (i == killAt)
                {
                    int? pid = await shop.PidAsync(process);
                    Assert.NotNull(pid);
                    using var victim = Process.GetProcessById(pid.Value);
                    victim.Kill();
                    await victim.WaitForExitAsync(TestContext.Current.CancellationToken);
                    up = shop.UpAsync();
                }

                if ((await apply).ExitCode == 0)
                {
                    acknowledged[name] = i.ToString(CultureInfo.InvariantCulture);
                }
            }
        }
        finally
        {
            // Others work on this installation.
            (await (up ?? shop.UpAsync())).Succeeded();
        }

        Assert.True(acknowledged.Count >= killAt, $"seed {seed}: only {acknowledged.Count} applies were acknowledged");
        Dictionary<string, string> kept = [];
        await Eventually.HoldsAsync(async () => (kept = await ContentAsync(shop.Acme, "default", prefix)).Count > 0, Limit);
        foreach ((string name, string value) in acknowledged)
        {
            Assert.True(kept.TryGetValue(name, out string? found) && found == value, $"seed {seed}: {name} was acknowledged and is not there");
        }

        // All data planes hold exactly what the virtual cluster holds.
        string wanted = Text(kept);
        foreach (string dataPlane in shop.DataPlanes.Split(','))
        {
            await Eventually.EqualsAsync(wanted, async () => Text(await ContentAsync(shop.DataPlane(dataPlane), "acme-shop-default", prefix)), Limit);
        }

        await shop.Acme.RunAsync($"delete configmaps -l durability={prefix}");
    }

    private static string Text(Dictionary<string, string> content) =>
        string.Join(',', content.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));

    private static async Task<Dictionary<string, string>> ContentAsync(Kubectl kubectl, string ns, string prefix)
    {
        Ended listed = await kubectl.TryAsync($"get configmaps -n {ns} -o 'jsonpath={{range .items[*]}}{{.metadata.name}}={{.data.a}}{{\"\\n\"}}{{end}}'");
        return listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => l.Split('='))
            .Where(p => p[0].StartsWith(prefix + "-", StringComparison.Ordinal))
            .ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
    }

    private static string ConfigMap(string name, string value, string test) => $$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: {{name}}, labels: { durability: {{test}} } }
        data: { a: "{{value}}" }
        """;
}
