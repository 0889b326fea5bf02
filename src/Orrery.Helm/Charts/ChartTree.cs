using Orrery.Helm.Go;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>
/// A chart within one render: aliases give it other names, conditions take subcharts away, imports change its values.
/// Aliases of one chart share its subcharts, as in Helm, so what is done to those through one alias shows in the other.
/// </summary>
internal sealed class ChartTree
{
    private ChartTree(Chart chart) => (Chart, Name, Values, Dependencies) = (chart, chart.Metadata.Name, chart.Values, [.. chart.Metadata.Dependencies]);

    public Chart Chart { get; }

    public string Name { get; private init; }

    /// <summary>Its default values, imported ones included; copied before anything is laid over them.</summary>
    public GoMap Values { get; set; }

    public List<ChartDependency> Dependencies { get; set; }

    public IReadOnlyList<ChartTree> Subcharts { get; private set; } = [];

    private ChartTree? Parent { get; set; }

    public bool IsRoot => Parent is null;

    /// <summary>Its place as templates and errors name it: parent/charts/child.</summary>
    public string FullPath => Parent is null ? Name : $"{Parent.FullPath}/charts/{Name}";

    public static ChartTree Of(Chart chart)
    {
        var tree = new ChartTree(chart);
        tree.Adopt([.. chart.Subcharts.Select(Of)]);
        return tree;
    }

    public void Adopt(IReadOnlyList<ChartTree> subcharts)
    {
        foreach (ChartTree subchart in subcharts)
        {
            subchart.Parent = this;
        }

        Subcharts = subcharts;
    }

    /// <summary>The same chart under another name.</summary>
    public ChartTree As(string name) => new(Chart) { Name = name, Values = Values, Dependencies = [.. Dependencies], Subcharts = Subcharts, Parent = Parent };

    /// <summary>What .Chart shows.</summary>
    public GoObject Metadata => (Chart.Metadata with { Name = Name, Dependencies = Dependencies }).ToGo(IsRoot);

    /// <summary>Its own files in crds/ and those of its subcharts; never templated.</summary>
    public IEnumerable<CrdFile> Crds => Chart.Files
        .Where(f => f.Path.StartsWith("crds/", StringComparison.Ordinal) && HasManifestExtension(f.Path))
        .Select(f => new CrdFile(Utf8.ToText($"{FullPath}/{f.Path}"), Utf8.ToText(f.Content)))
        .Concat(Subcharts.SelectMany(s => s.Crds));

    private static bool HasManifestExtension(string path) =>
        Path.GetExtension(path).ToLowerInvariant() is ".yaml" or ".yml" or ".json";
}
