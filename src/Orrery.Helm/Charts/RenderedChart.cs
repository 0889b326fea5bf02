using Orrery.Helm.Go;

namespace Orrery.Helm.Charts;

/// <summary>A rendered chart.</summary>
/// <param name="Manifests">Plain manifests in install order, then hooks in the same order.</param>
/// <param name="Notes">NOTES.txt of the chart itself, untrimmed; "" when it has none.</param>
/// <param name="Crds">The files of crds/ folders, the chart's own first.</param>
public sealed record RenderedChart(IReadOnlyList<Manifest> Manifests, string Notes, IReadOnlyList<CrdFile> Crds)
{
    /// <summary>The chart's values after dependencies, imports and merging.</summary>
    internal GoMap Values { get; init; } = new();

    /// <summary>The hooks of an event in the order in which they run: by weight, then by name.</summary>
    public IEnumerable<Manifest> HooksOf(string hookEvent) => Manifests.Where(m => m.Hook?.Events.Contains(hookEvent) == true)
        .OrderBy(m => m.Hook!.Weight).ThenBy(m => m.Name, StringComparer.Ordinal);
}
