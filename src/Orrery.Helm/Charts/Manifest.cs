namespace Orrery.Helm.Charts;

/// <summary>A document of a rendered chart.</summary>
/// <param name="Source">The path of its template, from the chart's name on.</param>
/// <param name="Bytes">The document as a byte string (one char a byte), trimmed as Helm trims it.</param>
/// <param name="Kind">Its kind; "" when it names none.</param>
/// <param name="Name">metadata.name; "" when it has none.</param>
/// <param name="Hook">What makes it a hook; null for a plain manifest.</param>
public sealed record Manifest(string Source, string Bytes, string Kind, string Name, Hook? Hook)
{
    /// <summary>The document as text; bytes that are no UTF-8 become U+FFFD.</summary>
    public string Content => Go.Utf8.ToText(Bytes);
}

/// <summary>When a hook runs and what becomes of it.</summary>
/// <param name="Events">As pre-install, post-upgrade, test; in the order in which the annotation names them.</param>
/// <param name="Weight">Hooks of one event run by weight, then by name.</param>
/// <param name="DeletePolicies">As hook-succeeded; empty means before-hook-creation.</param>
/// <param name="OutputLogPolicies">When its output is shown.</param>
public sealed record Hook(IReadOnlyList<string> Events, int Weight, IReadOnlyList<string> DeletePolicies, IReadOnlyList<string> OutputLogPolicies);

/// <summary>A file of a crds/ folder, never templated.</summary>
/// <param name="Source">Its path, from the chart's name on.</param>
public sealed record CrdFile(string Source, string Content);
