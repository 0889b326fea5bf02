using Orrery.Helm.Go;
using Orrery.Helm.Host;

namespace Orrery.Helm.Charts;

/// <summary>What <c>helm template</c> prints of a rendered chart.</summary>
public static class TemplateOutput
{
    /// <summary>All manifests as one byte stream.</summary>
    /// <param name="includeCrds">Puts the files of crds/ folders first.</param>
    /// <param name="hooks">Whether hooks are printed too.</param>
    /// <param name="showOnly">Patterns of template paths below the chart, as templates/*.yaml; empty shows all.</param>
    /// <exception cref="ChartException">A pattern matches no template.</exception>
    public static byte[] Print(RenderedChart chart, bool includeCrds, bool hooks, IReadOnlyList<string> showOnly)
    {
        string crds = includeCrds ? string.Concat(chart.Crds.Select(c => Section(c.Source, Utf8.FromText(c.Content)))) : "";
        string plain = string.Concat(chart.Manifests.Where(m => m.Hook is null).Select(m => Section(m.Source, m.Bytes)));
        string all = (crds + plain).Trim(' ', '\t', '\n', '\v', '\f', '\r') + "\n";
        all += hooks ? string.Concat(chart.Manifests.Where(m => m.Hook is not null).Select(m => Section(m.Source, m.Bytes))) : "";
        return Utf8.ToBytes(showOnly.Count == 0 ? all : Selected(all, showOnly));
    }

    private static string Section(string source, string bytes) => $"---\n# Source: {Utf8.FromText(source)}\n{bytes}\n";

    private static string Selected(string all, IReadOnlyList<string> patterns)
    {
        const string Mark = "# Source: ";
        string[] documents = [.. ManifestSplitter.Documents(all)];
        var shown = new List<string>();
        foreach (string pattern in patterns)
        {
            int before = shown.Count;
            foreach (string document in documents.Where(d => d.StartsWith(Mark, StringComparison.Ordinal)))
            {
                string source = document[Mark.Length..].Split('\n', 2)[0];
                int slash = source.IndexOf('/', StringComparison.Ordinal);
                if (PathPattern.Matches(Utf8.FromText(pattern), source[(slash + 1)..]))
                {
                    shown.Add($"---\n{document}\n");
                }
            }

            if (shown.Count == before)
            {
                throw new ChartException("manifests", $"could not find template {Utf8.FromText(pattern)} in chart");
            }
        }

        return string.Concat(shown);
    }
}
