using Orrery.Helm.Go;
using Orrery.Helm.Host;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>Which subcharts take part and under what names, and what values a chart takes from them.</summary>
internal static class Dependencies
{
    /// <exception cref="ChartException">The dependency list names a chart that is not there.</exception>
    public static void Check(Chart chart)
    {
        string[] missing = [.. chart.Metadata.Dependencies.Select(d => d.Name).Where(n => chart.Subcharts.All(s => s.Metadata.Name != n))];
        if (missing.Length > 0)
        {
            throw new ChartException("dependencies", "An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch missing dependencies: "
                + "found in Chart.yaml, but missing in charts/ directory: " + string.Join(", ", missing));
        }
    }

    public static void Resolve(ChartTree tree, GoMap given)
    {
        Enable(tree, given, "");
        Import(tree);
    }

    private static void Enable(ChartTree tree, GoMap given, string path)
    {
        if (tree.Dependencies.Count == 0)
        {
            return;
        }

        // 1. Charts that the list does not name stay; those it names come under their alias.
        List<ChartTree> named = [.. tree.Subcharts.Where(s => !tree.Dependencies.Any(d => d.Name == s.Name && Fits(d.Version, s.Chart.Metadata.Version)))];
        foreach (ChartDependency dependency in tree.Dependencies)
        {
            ChartTree? found = tree.Subcharts.FirstOrDefault(s => s.Name == dependency.Name && Fits(dependency.Version, s.Chart.Metadata.Version));
            if (found is not null)
            {
                named.Add(found.As(dependency.EffectiveName));
            }
        }

        tree.Adopt(named);

        // 2. Tags switch charts, and conditions overrule tags.
        GoMap values = ValueMerge.Coalesce(tree, given);
        GoMap? tags = values["tags"] as GoMap;
        tree.Dependencies = [.. tree.Dependencies.Select(d => d with { Name = d.EffectiveName, IsEnabled = Condition(d, values, path) ?? Tagged(d, tags) })];

        // 3. What is left looks at its own subcharts.
        HashSet<string> removed = [.. tree.Dependencies.Where(d => !d.IsEnabled).Select(d => d.Name)];
        List<ChartTree> kept = [.. named.Where(s => !removed.Contains(s.Name))];
        foreach (ChartTree subchart in kept)
        {
            Enable(subchart, values, $"{path}{subchart.Name}.");
        }

        tree.Dependencies = [.. tree.Dependencies.Where(d => !removed.Contains(d.Name))];
        tree.Adopt(kept);
    }

    private static bool Fits(string range, string version)
    {
        try
        {
            return VersionConstraint.Parse(range).Check(SemanticVersion.Parse(version));
        }
        catch (GoException)
        {
            return false;
        }
    }

    private static bool Tagged(ChartDependency dependency, GoMap? tags)
    {
        bool[] set = [.. dependency.Tags.Select(t => tags?[t]).OfType<bool>()];
        return set.Length == 0 || set.Contains(true);
    }

    /// <summary>The first path that leads to a bool decides; null when none does.</summary>
    private static bool? Condition(ChartDependency dependency, GoMap values, string prefix)
    {
        foreach (string condition in dependency.Condition.Trim().Split(','))
        {
            if (condition.Length > 0 && Find(values, prefix + condition) is bool on)
            {
                return on;
            }
        }

        return null;
    }

    private static object? Find(GoMap values, string path)
    {
        object? at = values;
        foreach (string part in path.Split('.'))
        {
            at = (at as GoMap)?[part];
        }

        return at;
    }

    /// <summary>Values of subcharts that a chart's dependency list imports become defaults of its own.</summary>
    private static void Import(ChartTree tree)
    {
        foreach (ChartTree subchart in tree.Subcharts)
        {
            Import(subchart);
        }

        if (tree.Dependencies.Count == 0)
        {
            return;
        }

        GoMap merged = ValueMerge.Merge(tree);
        var imported = new GoMap();
        for (int i = 0; i < tree.Dependencies.Count; i++)
        {
            ChartDependency dependency = tree.Dependencies[i];
            var shown = new List<object?>();
            foreach (object? entry in dependency.ImportValues)
            {
                if (entry is not (GoMap or string))
                {
                    continue;
                }

                (string child, string parent) = entry is GoMap map ? (GoFormat.Value(map["child"]), GoFormat.Value(map["parent"])) : ("exports." + (string)entry, ".");
                shown.Add(new GoMap("map[string]string", "string") { ["child"] = child, ["parent"] = parent });
                if (Find(merged, $"{dependency.Name}.{child}") is GoMap found)
                {
                    imported = ValueMerge.Tables(imported, At(parent, found), merge: true);
                }
            }

            tree.Dependencies[i] = dependency with { ImportValues = shown };
        }

        tree.Values = ValueMerge.Tables(Copies.Deep(merged), imported, merge: true);
    }

    private static GoMap At(string path, GoMap values)
    {
        if (path == ".")
        {
            return values;
        }

        foreach (string part in path.Split('.').Reverse())
        {
            values = new GoMap { [part] = values };
        }

        return values;
    }
}
