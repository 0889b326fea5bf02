using System.Text.Json;
using Orrery.Helm.Charts;
using Orrery.Helm.Go;
using Orrery.Helm.Host;
using Orrery.Helm.Templates;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Tests;

/// <summary>Every recorded snippet agrees byte for byte with the real engine, errors included.</summary>
public sealed class SnippetTests(ITestOutputHelper log)
{
    [Fact]
    public void Render_EveryRecordedSnippet_AgreesWithTheRealEngine()
    {
        string folder = SharedData.Helm;
        using JsonDocument context = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "context.json")));
        using JsonDocument snippets = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "snippets.json")));
        var failed = new List<(string Name, string Detail)>();
        var groups = new SortedDictionary<string, (int Good, int All)>(StringComparer.Ordinal);
        foreach (JsonElement snippet in snippets.RootElement.EnumerateArray())
        {
            string name = snippet.GetProperty("name").GetString()!;
            string group = string.Join('/', name.Split('/')[..2]);
            string? detail = Compare(snippet, context.RootElement);
            (int good, int all) = groups.GetValueOrDefault(group);
            groups[group] = (good + (detail is null ? 1 : 0), all + 1);
            if (detail is not null)
            {
                failed.Add((name, detail));
            }
        }

        foreach ((string group, (int good, int all)) in groups.Where(g => g.Value.Good < g.Value.All))
        {
            log.WriteLine($"{group}: {good}/{all}");
        }

        log.WriteLine($"total: {groups.Values.Sum(g => g.Good)}/{groups.Values.Sum(g => g.All)}");
        foreach ((string name, string detail) in failed)
        {
            log.WriteLine($"DIFF {name} {detail}");
        }

        Assert.True(groups.Values.Sum(g => g.All) > 4_000, "the recorded snippets are there");
        Assert.Equal([], failed.Select(f => f.Name));
    }

    private static string? Compare(JsonElement snippet, JsonElement context)
    {
        string result;
        try
        {
            result = "output:" + Render(snippet, context);
        }
        catch (Exception e) when (e is ChartException or GoException)
        {
            result = "error:" + (e is ChartException ? e.Message : Utf8.ToText(e.Message));
        }

        string template = snippet.GetProperty("template").GetString()!;
        if (snippet.TryGetProperty("errorSuffix", out JsonElement suffix))
        {
            return result.StartsWith("error:", StringComparison.Ordinal) && result.EndsWith(suffix.GetString()!, StringComparison.Ordinal) ? null : $"{template} ended {result[^Math.Min(100, result.Length)..]}";
        }

        string expected = snippet.TryGetProperty("output", out JsonElement output) ? "output:" + Utf8.FromText(output.GetString()!)
            : snippet.TryGetProperty("outputBase64", out JsonElement raw) ? "output:" + Utf8.FromBytes(raw.GetBytesFromBase64())
            : "error:" + snippet.GetProperty("error").GetString();
        return expected == result ? null : JsonSerializer.Serialize(new { template, expected, result });
    }

    private static string Render(JsonElement snippet, JsonElement context)
    {
        var values = new GoMap(GoMap.Values);
        object? given = snippet.TryGetProperty("values", out JsonElement json) ? GoJson.Read(Utf8.FromText(json.GetRawText()))
            : snippet.TryGetProperty("valuesYaml", out JsonElement yaml) ? YamlReader.Read(Utf8.FromText(yaml.GetString()!)) : null;
        foreach ((string key, object? value) in (given as GoMap)?.Items ?? [])
        {
            values[key] = value;
        }

        foreach ((string option, SetMode mode) in new[] { ("setJson", SetMode.Json), ("set", SetMode.Typed), ("setString", SetMode.String) })
        {
            if (snippet.TryGetProperty(option, out JsonElement list))
            {
                foreach (JsonElement item in list.EnumerateArray())
                {
                    SetParser.Into(values, Utf8.FromText(item.GetString()!), mode);
                }
            }
        }

        string path = context.GetProperty("templateName").GetString()!;
        JsonElement release = context.GetProperty("release");
        var capabilities = new Capabilities(context.GetProperty("kubeVersion").GetString()!, [.. context.GetProperty("apiVersions").EnumerateArray().Select(v => v.GetString()!)]);
        GoMap root = new(GoMap.Values)
        {
            ["Values"] = values,
            ["Chart"] = ChartMetadata.Parse(Utf8.FromText(context.GetProperty("chartYaml").GetString()!)).ToGo(isRoot: true),
            ["Capabilities"] = capabilities.ToGo(),
            ["Release"] = GoMap.Of(new Dictionary<string, object?>
            {
                ["Name"] = release.GetProperty("name").GetString(),
                ["Namespace"] = release.GetProperty("namespace").GetString(),
                ["Revision"] = new GoInt(release.GetProperty("revision").GetInt64()),
                ["IsInstall"] = true,
                ["IsUpgrade"] = false,
                ["Service"] = "Helm",
            }),
            ["Files"] = ChartFiles.Of(context.GetProperty("files").EnumerateObject().Select(f => KeyValuePair.Create(f.Name, Utf8.FromText(f.Value.GetString()!)))),
            ["Subcharts"] = new GoMap(),
        };
        return Engine.Render([new TemplateSource(path, Utf8.FromText(snippet.GetProperty("template").GetString()!), root, "snip/templates")], RenderBudget.Default)[path];
    }
}
