using Orrery.Helm.Functions;
using Orrery.Helm.Go;
using Orrery.Helm.Host;
using Orrery.Helm.Schemas;
using Orrery.Helm.Templates;

namespace Orrery.Helm.Charts;

/// <summary>Renders charts as <c>helm template</c> does.</summary>
public static class ChartRenderer
{
    private const string Notes = "NOTES.txt";

    /// <summary>Renders a chart.</summary>
    /// <exception cref="ChartException">Helm refuses it too.</exception>
    /// <exception cref="RenderLimitException">It goes beyond the bounds on time, output or depth.</exception>
    public static RenderedChart Render(Chart chart, ReleaseInfo release, Capabilities capabilities, ValueOptions options, RenderLimits limits, TimeProvider time, CancellationToken ct)
    {
        try
        {
            GoMap given = options.Merge();
            return Render(chart, release, capabilities, given, new RenderBudget(time, limits, ct));
        }
        catch (InsufficientExecutionStackException e)
        {
            throw new RenderLimitException("values nest too deep: " + e.Message);
        }
    }

    internal static RenderedChart Render(Chart chart, ReleaseInfo release, Capabilities capabilities, GoMap given, RenderBudget budget)
    {
        // 1. What needs no values.
        if (chart.Metadata.Type is not ("" or "application"))
        {
            throw new ChartException("load", $"{chart.Metadata.Type} charts are not installable");
        }

        Dependencies.Check(chart);
        release.Validate();

        // 2. Subcharts, values and their schemas.
        ChartTree tree = ChartTree.Of(chart);
        GoMap values;
        try
        {
            Dependencies.Resolve(tree, given);
            values = ValueMerge.Coalesce(tree, given);
        }
        catch (GoException e)
        {
            throw new ChartException("dependencies", e.Message);
        }

        ChartSchemas.Check(tree, values);
        CheckKubeVersion(chart, capabilities);

        // 3. Templates.
        var sources = new Dictionary<string, TemplateSource>(StringComparer.Ordinal);
        Collect(tree, values, ReleaseObject(release), capabilities.ToGo(), sources);
        Dictionary<string, string> rendered = Engine.Render(sources.Values, budget, capabilities.Lookups);

        // 4. Manifests.
        string notes = rendered.GetValueOrDefault($"{tree.Name}/templates/{Notes}", "");
        List<Manifest> manifests = ManifestSplitter.Split(rendered.Where(r => !r.Key.EndsWith(Notes, StringComparison.Ordinal)));
        return new RenderedChart(InstallOrder.Sort(manifests), Utf8.ToText(notes), [.. tree.Crds]) { Values = values };
    }

    private static GoMap ReleaseObject(ReleaseInfo release) => new()
    {
        ["Name"] = Utf8.FromText(release.Name),
        ["Namespace"] = Utf8.FromText(release.Namespace),
        ["Revision"] = new GoInt(release.Revision),
        ["IsInstall"] = release.IsInstall,
        ["IsUpgrade"] = release.IsUpgrade,
        ["Service"] = "Helm",
    };

    private static void CheckKubeVersion(Chart chart, Capabilities capabilities)
    {
        string wanted = chart.Metadata.KubeVersion;
        if (wanted.Length == 0)
        {
            return;
        }

        string version = capabilities.NormalKubeVersion;
        bool fits;
        try
        {
            fits = VersionConstraint.Parse(wanted).Check(SemanticVersion.Parse(version));
        }
        catch (GoException)
        {
            fits = false;
        }

        if (!fits)
        {
            throw new ChartException("kubeVersion", $"chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {version}");
        }
    }

    private static GoMap Collect(ChartTree tree, GoMap given, GoMap release, GoObject capabilities, Dictionary<string, TemplateSource> sources)
    {
        // A subchart's values are a part of its parent's, so what one template sets in them all others see.
        GoMap values = given.As(GoMap.Values);
        var subcharts = new GoMap();
        var scope = new GoMap
        {
            ["Chart"] = tree.Metadata,
            ["Files"] = tree.Chart.TemplateFiles,
            ["Release"] = release,
            ["Capabilities"] = capabilities,
            ["Values"] = values,
            ["Subcharts"] = subcharts,
        };
        foreach (ChartTree subchart in tree.Subcharts)
        {
            subcharts[subchart.Name] = Collect(subchart, given[subchart.Name] as GoMap ?? new GoMap(), release, capabilities, sources);
        }

        string path = tree.FullPath;
        foreach (ChartFile file in tree.Chart.Templates)
        {
            if (!tree.Chart.Metadata.IsLibrary || file.Path[(file.Path.LastIndexOf('/') + 1)..].StartsWith('_'))
            {
                string name = $"{path}/{file.Path}";
                sources[name] = new TemplateSource(name, file.Content, scope, $"{path}/templates") { Parsed = tree.Chart.Parsed };
            }
        }

        return scope;
    }
}
