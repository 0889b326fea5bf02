using System.Text.Json;
using Orrery.Helm.Charts;
using Orrery.Helm.Go;
using Orrery.Helm.Templates;

namespace Orrery.Helm.Tests;

/// <summary>Recorded chart cases: manifests, sources, order, hooks, notes, CRDs and values agree byte for byte, errors included.</summary>
public sealed class ChartTests(ITestOutputHelper log)
{
    [Fact]
    public void Render_EveryRecordedChartCase_AgreesWithTheRealEngine()
    {
        string folder = SharedData.Helm;
        using JsonDocument context = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "context.json")));
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
        Assert.True(total > 200, "the recorded cases are there");
        Assert.Equal([], failed);
    }

    private static string[] Strings(JsonElement of, string name) => of.TryGetProperty(name, out JsonElement list) ? [.. list.EnumerateArray().Select(v => v.GetString()!)] : [];

    private static byte[] Read(string folder, string path)
    {
        string full = Path.Combine(folder, path);
        return File.Exists(full) ? File.ReadAllBytes(full) : throw new ChartException("values", $"open {path}: no such file or directory");
    }

    private static RenderedChart Render(string folder, JsonElement one, JsonElement context)
    {
        var options = new ValueOptions(
            [.. Strings(one, "valuesFiles").Select(f => (f, (ReadOnlyMemory<byte>)Read(folder, f)))],
            Strings(one, "setJson"), Strings(one, "set"), Strings(one, "setString"), Strings(one, "setFile"), Strings(one, "setLiteral"), path => Read(folder, path));
        JsonElement r = one.GetProperty("release");
        var release = new ReleaseInfo(r.GetProperty("name").GetString()!, r.GetProperty("namespace").GetString()!, r.GetProperty("revision").GetInt32(), r.GetProperty("isInstall").GetBoolean(), r.GetProperty("isUpgrade").GetBoolean());
        string version = one.TryGetProperty("kubeVersion", out JsonElement k) ? k.GetString()! : context.GetProperty("kubeVersion").GetString()!;
        var capabilities = new Capabilities(version, [.. Strings(context, "apiVersions"), .. Strings(one, "apiVersions")]);
        GoMap given = options.Merge();
        return ChartRenderer.Render(Chart.Load(Path.Combine(folder, one.GetProperty("chart").GetString()!)), release, capabilities, given, RenderBudget.Default);
    }

    private static string? Compare(string folder, JsonElement one, JsonElement context)
    {
        JsonElement expect = one.GetProperty("expect");
        string? error = expect.TryGetProperty("error", out JsonElement e) ? e.GetString() : null;
        RenderedChart rendered;
        try
        {
            rendered = Render(folder, one, context);
        }
        catch (ChartException x)
        {
            string phase = x.Phase is "parse" or "exec" or "message" ? "render" : x.Phase;
            return x.Message == error && expect.TryGetProperty("errorPhase", out JsonElement p) && phase == p.GetString() ? null : $"expected {error ?? "no error"}, was {x.Phase}: {x.Message}";
        }

        if (error is not null)
        {
            return $"expected error {error}";
        }

        return First(expect.GetProperty("manifests").EnumerateArray().Select(Shown), rendered.Manifests.Select(Shown))
            ?? First([expect.GetProperty("notes").GetString()!], [rendered.Notes])
            ?? First(expect.GetProperty("crds").EnumerateArray().Select(c => c.GetProperty("source").GetString() + "\n" + c.GetProperty("content").GetString()), rendered.Crds.Select(c => c.Source + "\n" + c.Content))
            ?? First(HookOrder(expect), HookOrder(rendered))
            ?? (expect.TryGetProperty("values", out JsonElement values) ? First([GoJson.Write(GoJson.Read(Utf8.FromText(values.GetRawText())))], [GoJson.Write(GoJson.Read(GoJson.Write(rendered.Values)))]) : null);
    }

    private static IEnumerable<string> HookOrder(JsonElement expect) => expect.TryGetProperty("hookOrder", out JsonElement order)
        ? order.EnumerateObject().OrderBy(o => o.Name, StringComparer.Ordinal).Select(o => $"{o.Name}: {string.Join(' ', o.Value.EnumerateArray())}")
        : [];

    private static IEnumerable<string> HookOrder(RenderedChart rendered) =>
        rendered.Manifests.SelectMany(m => m.Hook?.Events ?? []).Distinct().Order(StringComparer.Ordinal)
            .Select(e => $"{e}: {string.Join(' ', rendered.HooksOf(e).Select(m => $"{m.Kind}/{m.Name}"))}");

    private static string Shown(JsonElement manifest)
    {
        string content = manifest.TryGetProperty("content", out JsonElement c) ? Utf8.FromText(c.GetString()!) : Utf8.FromBytes(manifest.GetProperty("contentBase64").GetBytesFromBase64());
        string hook = manifest.TryGetProperty("hook", out JsonElement h)
            ? $"{h.GetProperty("kind")}/{h.GetProperty("name")} {string.Join(',', Strings(h, "events"))} {h.GetProperty("weight")} {string.Join(',', Strings(h, "deletePolicies"))} {string.Join(',', Strings(h, "outputLogPolicies"))}"
            : "";
        return $"{manifest.GetProperty("source").GetString()}\n{content}\n{hook}";
    }

    private static string Shown(Manifest m)
    {
        string hook = m.Hook is { } h ? FormattableString.Invariant($"{m.Kind}/{m.Name} {string.Join(',', h.Events)} {h.Weight} {string.Join(',', h.DeletePolicies)} {string.Join(',', h.OutputLogPolicies)}") : "";
        return $"{m.Source}\n{m.Bytes}\n{hook}";
    }

    private static string? First(IEnumerable<string> expected, IEnumerable<string> actual)
    {
        string[] want = [.. expected];
        string[] have = [.. actual];
        int at = Enumerable.Range(0, Math.Max(want.Length, have.Length)).FirstOrDefault(i => want.ElementAtOrDefault(i) != have.ElementAtOrDefault(i), -1);
        return at < 0 ? null : JsonSerializer.Serialize(new { want = want.ElementAtOrDefault(at), have = have.ElementAtOrDefault(at) });
    }
}
