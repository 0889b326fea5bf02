using System.Text.Json;
using Orrery.Helm.Charts;
using Orrery.Helm.Go;
using Orrery.Helm.Templates;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Tests;

/// <summary>Recorded chart cases: manifests, sources, order and notes agree byte for byte, but for those that a list names.</summary>
public sealed class ChartTests(ITestOutputHelper log)
{
    [Fact]
    public void Render_EveryRecordedChartCase_AgreesWithTheRealEngine()
    {
        string folder = SharedData.Helm;
        using JsonDocument context = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "context.json")));
        HashSet<string> known = [.. File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "known-chart-differences.txt")).Where(l => l.Length > 0)];
        var failed = new List<string>();
        int total = 0;
        foreach (string chart in Directory.GetDirectories(Path.Combine(folder, "charts")).Order(StringComparer.Ordinal))
        {
            using JsonDocument cases = JsonDocument.Parse(File.ReadAllText(Path.Combine(chart, "cases.json")));
            foreach (JsonElement one in cases.RootElement.EnumerateArray())
            {
                total++;
                string name = $"{Path.GetFileName(chart)}/{one.GetProperty("name").GetString()}";
                string? difference = Compare(chart, one, context.RootElement);
                if (difference is not null)
                {
                    failed.Add(name);
                    log.WriteLine($"DIFF {name} {difference}");
                }
            }
        }

        log.WriteLine($"total: {total - failed.Count}/{total}");
        Assert.Equal([], failed.Where(n => !known.Contains(n)));
        Assert.Equal([], known.Where(k => !failed.Contains(k)));
    }

    private static IEnumerable<string> Strings(JsonElement of, string name) => of.TryGetProperty(name, out JsonElement list) ? list.EnumerateArray().Select(v => v.GetString()!) : [];

    private static string? Compare(string folder, JsonElement one, JsonElement context)
    {
        if (one.TryGetProperty("setFile", out _) || one.TryGetProperty("setLiteral", out _))
        {
            return "setFile and setLiteral are not read";
        }

        JsonElement expect = one.GetProperty("expect");
        string? error = expect.TryGetProperty("error", out JsonElement e) ? e.GetString() : null;
        RenderedChart rendered;
        try
        {
            var given = new GoMap();
            foreach (string file in Strings(one, "valuesFiles"))
            {
                ValueMerge.Over(given, YamlReader.Read(Utf8.FromBytes(File.ReadAllBytes(Path.Combine(folder, file)))) as GoMap ?? new GoMap());
            }

            foreach ((string option, SetMode mode) in new[] { ("setJson", SetMode.Json), ("set", SetMode.Typed), ("setString", SetMode.String) })
            {
                foreach (string item in Strings(one, option))
                {
                    SetParser.Into(given, Utf8.FromText(item), mode);
                }
            }

            JsonElement r = one.GetProperty("release");
            var release = new ReleaseInfo(r.GetProperty("name").GetString()!, r.GetProperty("namespace").GetString()!, r.GetProperty("revision").GetInt32(), r.GetProperty("isInstall").GetBoolean(), r.GetProperty("isUpgrade").GetBoolean());
            string version = one.TryGetProperty("kubeVersion", out JsonElement k) ? k.GetString()! : context.GetProperty("kubeVersion").GetString()!;
            var capabilities = new Capabilities(version, [.. Strings(context, "apiVersions"), .. Strings(one, "apiVersions")]);
            rendered = ChartRenderer.Render(Chart.Load(Path.Combine(folder, one.GetProperty("chart").GetString()!)), release, capabilities, given, RenderBudget.Default);
        }
        catch (Exception x) when (x is ChartException or GoException or IOException)
        {
            return x.Message == error ? null : $"expected {error ?? "no error"}, was {x.Message}";
        }

        if (error is not null)
        {
            return $"expected error {error}";
        }

        JsonElement[] manifests = [.. expect.GetProperty("manifests").EnumerateArray()];
        string[] want = [.. manifests.Select(m => m.GetProperty("source").GetString() + "\n" + (m.TryGetProperty("content", out JsonElement c) ? c.GetString() : "(bytes)"))];
        string[] have = [.. rendered.Manifests.Select(m => m.Source + "\n" + m.Content)];
        int at = Enumerable.Range(0, Math.Max(want.Length, have.Length)).FirstOrDefault(i => want.ElementAtOrDefault(i) != have.ElementAtOrDefault(i), -1);
        if (at >= 0)
        {
            return JsonSerializer.Serialize(new { want = want.ElementAtOrDefault(at), have = have.ElementAtOrDefault(at) });
        }

        string notes = expect.TryGetProperty("notes", out JsonElement n) ? n.GetString()! : "";
        return notes == rendered.Notes ? null : JsonSerializer.Serialize(new { notes, have = rendered.Notes });
    }
}
