using Orrery.Helm.Go;
using Orrery.Helm.Host;

namespace Orrery.Helm.Charts;

/// <summary>Which subcharts take part: those that the dependency list names, under their alias, unless a tag or condition says no.</summary>
internal static class Dependencies
{
    public static Chart Resolve(Chart chart, GoMap given) => Resolve(chart, given, "", Root(chart, given));

    private static GoMap Root(Chart chart, GoMap given) => ValueMerge.Coalesce(Named(chart), given);

    /// <summary>The chart with its aliases in place and nothing switched off.</summary>
    private static Chart Named(Chart chart)
    {
        IReadOnlyList<GoMap> listed = chart.Metadata.Dependencies;
        var subcharts = chart.Subcharts.Where(s => listed.All(d => d["name"] as string != s.Metadata.Name)).ToList();
        foreach (GoMap dependency in listed)
        {
            Chart? found = chart.Subcharts.FirstOrDefault(s => s.Metadata.Name == dependency["name"] as string && Fits(dependency["version"] as string, s.Metadata.Version));
            if (found is not null)
            {
                subcharts.Add(dependency["alias"] is string { Length: > 0 } alias ? found.As(alias) : found);
            }
        }

        return chart.Replaced([.. subcharts.Select(Named)]);
    }

    private static bool Fits(string? range, string version)
    {
        try
        {
            return range is null or "" || VersionConstraint.Parse(range).Check(SemanticVersion.Parse(version));
        }
        catch (GoException)
        {
            return range == version;
        }
    }

    private static Chart Resolve(Chart chart, GoMap given, string prefix, GoMap values)
    {
        Chart named = prefix.Length == 0 ? Named(chart) : chart;
        var kept = new List<Chart>();
        foreach (Chart sub in named.Subcharts)
        {
            GoMap? dependency = named.Metadata.Dependencies.FirstOrDefault(d => (d["alias"] is string { Length: > 0 } a ? a : d["name"] as string) == sub.Name);
            if (dependency is null || Enabled(dependency, values, prefix))
            {
                kept.Add(Resolve(sub, given, prefix + sub.Name + ".", values));
            }
        }

        return named.Replaced(kept);
    }

    private static bool Enabled(GoMap dependency, GoMap values, string prefix)
    {
        bool enabled = true;
        if (dependency["tags"] is GoSlice tags && values["tags"] is GoMap switches)
        {
            bool[] set = [.. tags.Items.OfType<string>().Select(t => switches[t]).OfType<bool>()];
            enabled = set.Length == 0 || set.Any(s => s);
        }

        foreach (string condition in (dependency["condition"] as string ?? "").Split(','))
        {
            if (condition.Trim().Length > 0 && Path(values, prefix + condition.Trim()) is bool on)
            {
                return on;
            }
        }

        return enabled;
    }

    private static object? Path(GoMap values, string path)
    {
        object? at = values;
        foreach (string part in path.Split('.'))
        {
            at = (at as GoMap)?[part];
        }

        return at;
    }
}
