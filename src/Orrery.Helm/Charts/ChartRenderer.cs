using Orrery.Helm.Functions;
using Orrery.Helm.Go;
using Orrery.Helm.Host;
using Orrery.Helm.Templates;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>What a render is for.</summary>
public sealed record ReleaseInfo(string Name, string Namespace, int Revision = 1, bool IsInstall = true, bool IsUpgrade = false);

/// <summary>A document of a rendered chart.</summary>
/// <param name="Source">The path of its template, from the chart's name on.</param>
/// <param name="Content">The document, trimmed as Helm trims it.</param>
/// <param name="HookEvents">The events it hooks on; empty for a plain manifest.</param>
public sealed record Manifest(string Source, string Content, string Kind, string Name, IReadOnlyList<string> HookEvents, int HookWeight);

/// <summary>A rendered chart: plain manifests in install order, then hooks.</summary>
public sealed record RenderedChart(IReadOnlyList<Manifest> Manifests, string Notes);

/// <summary>Renders charts as <c>helm template</c> does.</summary>
public static class ChartRenderer
{
    /// <summary>Renders a chart.</summary>
    /// <param name="valuesFiles">Texts of values files, later ones win.</param>
    /// <param name="sets">Arguments of --set, applied over the files in order.</param>
    /// <exception cref="ChartException">Helm refuses it too.</exception>
    /// <exception cref="RenderLimitException">It goes beyond the bounds on time, output or depth.</exception>
    public static RenderedChart Render(Chart chart, ReleaseInfo release, Capabilities capabilities, IReadOnlyList<string> valuesFiles, IReadOnlyList<string> sets, TimeProvider time, CancellationToken ct)
    {
        RefuseUnread(chart);
        var given = new GoMap();
        try
        {
            foreach (string file in valuesFiles)
            {
                ValueMerge.Over(given, YamlReader.Read(Utf8.FromText(file)) as GoMap ?? new GoMap());
            }

            foreach (string set in sets)
            {
                SetParser.Into(given, Utf8.FromText(set), SetMode.Typed);
            }
        }
        catch (GoException e)
        {
            throw new ChartException("values", e.Message);
        }

        return Render(chart, release, capabilities, given, new RenderBudget(time, TimeSpan.FromSeconds(30), 64 << 20, ct));
    }

    /// <summary>A chart that relies on what is not read yet is refused: manifests that are quietly wrong would be worse.</summary>
    private static void RefuseUnread(Chart chart)
    {
        string? unread = new[] { "values.schema.json", ".helmignore", "requirements.yaml" }.FirstOrDefault(chart.Files.ContainsKey)
            ?? (chart.Metadata.Dependencies.Any(d => d.Contains("import-values")) ? "import-values" : null)
            ?? (chart.Metadata.KubeVersion.Length > 0 ? "kubeVersion" : null);
        if (unread is not null)
        {
            throw new ChartException("load", $"chart {chart.Name} uses {unread}, which is not supported yet");
        }

        chart.Subcharts.ForEach(RefuseUnread);
    }

    internal static RenderedChart Render(Chart chart, ReleaseInfo release, Capabilities capabilities, GoMap given, RenderBudget budget)
    {
        Chart resolved = Dependencies.Resolve(chart, given);
        GoMap values = ValueMerge.Coalesce(resolved, given);
        var go = new GoMap
        {
            ["Name"] = Utf8.FromText(release.Name),
            ["Namespace"] = Utf8.FromText(release.Namespace),
            ["Revision"] = new GoInt(release.Revision),
            ["IsInstall"] = release.IsInstall,
            ["IsUpgrade"] = release.IsUpgrade,
            ["Service"] = "Helm",
        };
        var sources = new List<TemplateSource>();
        Collect(resolved, resolved.Name, values, go, capabilities.ToGo(), sources, isRoot: true);
        Dictionary<string, string> rendered = Engine.Render(sources, budget);
        rendered.Remove($"{resolved.Name}/templates/NOTES.txt", out string? notes);
        return new RenderedChart(ManifestOrder.Sort(rendered.Where(r => !r.Key.EndsWith("NOTES.txt", StringComparison.Ordinal))), Utf8.ToText(notes ?? ""));
    }

    private static GoMap Collect(Chart chart, string path, GoMap given, GoMap release, GoObject capabilities, List<TemplateSource> sources, bool isRoot)
    {
        var values = new GoMap(GoMap.Values);
        foreach ((string key, object? value) in given.Items)
        {
            values[key] = value;
        }

        var subcharts = new GoMap();
        var scope = new GoMap(GoMap.Values)
        {
            ["Chart"] = chart.Metadata.ToGo(isRoot),
            ["Files"] = ChartFiles.Of(chart.Files.Where(f => IsPlain(f.Key))),
            ["Release"] = release,
            ["Capabilities"] = capabilities,
            ["Values"] = values,
            ["Subcharts"] = subcharts,
        };
        foreach (Chart sub in chart.Subcharts)
        {
            subcharts[sub.Name] = Collect(sub, $"{path}/charts/{sub.Name}", given[sub.Name] as GoMap ?? new GoMap(), release, capabilities, sources, isRoot: false);
        }

        foreach ((string file, string text) in chart.Files.Where(f => f.Key.StartsWith("templates/", StringComparison.Ordinal)))
        {
            if (chart.Metadata.Type != "library" || file[(file.LastIndexOf('/') + 1)..].StartsWith('_'))
            {
                sources.Add(new TemplateSource($"{path}/{file}", text, scope, $"{path}/templates"));
            }
        }

        return scope;
    }

    private static bool IsPlain(string path) =>
        !path.StartsWith("templates/", StringComparison.Ordinal) && path is not ("Chart.yaml" or "Chart.lock" or "values.yaml" or "values.schema.json" or "requirements.yaml" or "requirements.lock");
}
