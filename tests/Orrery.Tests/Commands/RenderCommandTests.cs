using System.Text;
using System.Text.Json;
using Orrery.Tests.EndToEnd;

namespace Orrery.Tests.Commands;

/// <summary><c>orrery render</c> against what <c>helm template</c> printed for the same charts and options, byte for byte.</summary>
public sealed class RenderCommandTests
{
    [Fact]
    public async Task Render_RecordedChartsAndOptions_PrintsWhatHelmPrints()
    {
        string folder = Recorded();
        (string Chart, JsonElement Case)[] all = [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal).SelectMany(Cases)];
        (string Chart, JsonElement Case)[] cases =
        [
            .. all.Where(c => !Fails(c.Case)).DistinctBy(c => c.Chart),
            .. all.Where(c => Fails(c.Case)).DistinctBy(c => c.Chart).Take(6),
            .. new[] { "setFile", "setLiteral", "setJson", "setString", "apiVersions", "kubeVersion", "valuesFiles", "set" }.Select(option => all.First(c => Has(c.Case, option) && !Fails(c.Case))),
        ];
        var wrong = new List<string>();
        await Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = TestContext.Current.CancellationToken }, async (c, _) =>
        {
            Ended ended = await RenderAsync(c.Chart, c.Case);
            JsonElement expect = c.Case.GetProperty("expect");
            bool agrees = expect.TryGetProperty("error", out JsonElement error)
                ? ended is { ExitCode: 1, Output: "" } && ended.Error.Replace(c.Chart + "/", "", StringComparison.Ordinal) == $"orrery: {error.GetString()}\n"
                : ended.ExitCode == 0 && ended.Output == Printed(expect);
            if (!agrees)
            {
                lock (wrong)
                {
                    wrong.Add($"{Path.GetFileName(c.Chart)}/{c.Case.GetProperty("name")}: exit code {ended.ExitCode}, {ended.Error}");
                }
            }
        });
        Assert.Equal([], wrong);
    }

    [Fact]
    public async Task Render_PartsOfAChart_AreThoseAskedFor()
    {
        string chart = Path.Combine(Recorded(), "hooks", "chart");
        string all = (await RunAsync("render", chart, "demo")).Succeeded();
        string bare = (await RunAsync("render", chart, "demo", "--no-hooks")).Succeeded();
        Assert.StartsWith(bare, all, StringComparison.Ordinal);
        Assert.Contains("helm.sh/hook", all[bare.Length..], StringComparison.Ordinal);

        string definitions = Path.Combine(Recorded(), "crdpack", "chart");
        Assert.DoesNotContain("# Source: crdpack/crds/", (await RunAsync("render", definitions, "demo")).Succeeded(), StringComparison.Ordinal);
        Assert.Contains("# Source: crdpack/crds/", (await RunAsync("render", definitions, "demo", "--include-crds")).Succeeded(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Render_WhatCannotBe_SaysWhereAndPrintsNothing()
    {
        string folder = Directory.CreateTempSubdirectory("orrery-render-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "templates"));
            await File.WriteAllTextAsync(Path.Combine(folder, "Chart.yaml"), "apiVersion: v2\nname: web\nversion: 1.0.0\n", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder, "templates", "a.yaml"), "a: b\nsize: {{ required \"size is needed\" .Values.site.size }}\n", TestContext.Current.CancellationToken);

            // Standard input is a values file too, and later options win.
            Assert.Equal("---\n# Source: web/templates/a.yaml\na: b\nsize: 3\n", (await Shell.RunAsync(Installed.Program, ["render", folder, "-f", "-", "--set", "site.size=3"], input: "site: {size: 2}")).Succeeded());
            foreach ((string[] options, string error) in ((string[], string)[])
            [
                (["--set", "site.size="], "execution error at (web/templates/a.yaml:2:9): size is needed"),
                (["--set", "site=5"], "web/templates/a.yaml:2:42"),
                (["--set", "site[="], "failed parsing --set data"),
                (["-f", "missing.yaml"], "open missing.yaml: no such file or directory"),
                (["--kube-version", "x"], "could not parse \"x\" as version"),
                (["--digest", new string('0', 64)], "is no archive, so it has no digest"),
            ])
            {
                Ended refused = await RunAsync(["render", folder, .. options]);
                Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
                Assert.Contains(error, refused.Error, StringComparison.Ordinal);
            }

            Assert.Contains("no such file or directory", (await RunAsync("render", Path.Combine(folder, "nowhere"))).Error, StringComparison.Ordinal);
            Assert.NotEqual(0, (await RunAsync("render", folder, "--no-such-option")).ExitCode);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Recorded()
    {
        Assert.SkipWhen(Repository.Shared is null, "no recorded Helm data: set ORRERY_SHARED");
        return Path.Combine(Repository.Shared!, "helm", "charts");
    }

    /// <summary>All of a chart that the command can be told: not those of a later revision, nor those whose output is no text.</summary>
    private static IEnumerable<(string Chart, JsonElement Case)> Cases(string chart) =>
        from c in JsonDocument.Parse(File.ReadAllText(Path.Combine(chart, "cases.json"))).RootElement.EnumerateArray()
        let release = c.GetProperty("release")
        where release.GetProperty("revision").GetInt32() == 1 && release.GetProperty("isInstall").GetBoolean() != release.GetProperty("isUpgrade").GetBoolean()
        where !c.GetProperty("expect").TryGetProperty("manifests", out JsonElement m) || m.EnumerateArray().All(d => d.TryGetProperty("content", out _))
        select (chart, c);

    private static bool Fails(JsonElement one) => one.GetProperty("expect").TryGetProperty("error", out _);

    private static bool Has(JsonElement one, string option) => one.TryGetProperty(option, out JsonElement list) && (list.ValueKind == JsonValueKind.String || list.GetArrayLength() > 0);

    private static Task<Ended> RenderAsync(string folder, JsonElement one)
    {
        JsonElement release = one.GetProperty("release");
        var arguments = new List<string> { "render", Path.Combine(folder, one.GetProperty("chart").GetString()!), release.GetProperty("name").GetString()!, "-n", release.GetProperty("namespace").GetString()! };
        foreach ((string property, string option) in ((string, string)[])
            [("set", "--set"), ("setString", "--set-string"), ("setJson", "--set-json"), ("setLiteral", "--set-literal"), ("apiVersions", "--api-versions")])
        {
            arguments.AddRange(Strings(one, property).Select(v => $"{option}={v}"));
        }

        arguments.AddRange(Strings(one, "valuesFiles").SelectMany(f => new[] { "-f", Path.Combine(folder, f) }));
        arguments.AddRange(Strings(one, "setFile").Select(f => f.Split('=', 2)).Select(f => $"--set-file={f[0]}={Path.Combine(folder, f[1])}"));
        if (one.TryGetProperty("kubeVersion", out JsonElement version))
        {
            arguments.AddRange(["--kube-version", version.GetString()!]);
        }

        if (release.GetProperty("isUpgrade").GetBoolean())
        {
            arguments.Add("--is-upgrade");
        }

        return RunAsync([.. arguments]);
    }

    private static IEnumerable<string> Strings(JsonElement one, string name) => one.TryGetProperty(name, out JsonElement list) ? list.EnumerateArray().Select(v => v.GetString()!) : [];

    private static string Printed(JsonElement expect) => expect.GetProperty("manifests").EnumerateArray().Aggregate(
        new StringBuilder(), (text, m) => text.Append("---\n# Source: ").Append(m.GetProperty("source").GetString()).Append('\n').Append(m.GetProperty("content").GetString()).Append('\n')).ToString();

    private static Task<Ended> RunAsync(params string[] arguments) => Shell.RunAsync(Installed.Program, arguments);
}
