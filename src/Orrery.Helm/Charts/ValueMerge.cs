using Orrery.Helm.Go;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>
/// Helm's chartutil: a user's values over a chart's defaults, down through the subcharts, with globals handed down.
/// Coalescing drops keys that are null over a default; merging, which imports use, keeps them.
/// </summary>
internal static class ValueMerge
{
    private const string Global = "global";

    public static GoMap Coalesce(ChartTree tree, GoMap given) => Apply(tree, Copies.Deep(given), merge: false);

    public static GoMap Merge(ChartTree tree) => Apply(tree, new GoMap(), merge: true);

    private static GoMap Apply(ChartTree tree, GoMap values, bool merge)
    {
        Defaults(tree, values, merge);
        foreach (ChartTree subchart in tree.Subcharts)
        {
            if (!values.TryGet(subchart.Name, out object? own))
            {
                values[subchart.Name] = own = new GoMap();
            }
            else if (own is not GoMap)
            {
                throw new GoException($"type mismatch on {subchart.Name}: {GoFormat.Sprintf("%t", own)}");
            }

            var table = (GoMap)own;
            Globals(table, values);
            Apply(subchart, table, merge);
        }

        return values;
    }

    private static void Defaults(ChartTree tree, GoMap values, bool merge)
    {
        foreach ((string key, object? preset) in Copies.Deep(tree.Values).Items)
        {
            if (!values.TryGet(key, out object? mine))
            {
                values[key] = preset;
            }
            else if (mine is null && !merge)
            {
                values.Remove(key);
            }
            else if (mine is GoMap table && preset is GoMap defaults)
            {
                // Nulls under a subchart's name are for the subchart to see.
                Tables(table, defaults, merge || tree.Subcharts.Any(s => s.Name == key));
            }
        }
    }

    /// <summary>Fills what a table lacks; a null in it deletes a default that is there.</summary>
    /// <returns>The target.</returns>
    public static GoMap Tables(GoMap target, GoMap source, bool merge)
    {
        foreach ((string key, object? value) in source.Items.ToArray())
        {
            if (!target.TryGet(key, out object? mine))
            {
                target[key] = value;
            }
            else if (mine is null && value is not null && !merge)
            {
                target.Remove(key);
            }
            else if (value is GoMap inner && mine is GoMap table)
            {
                Tables(table, inner, merge);
            }
        }

        return target;
    }

    private static void Globals(GoMap target, GoMap source)
    {
        object? mine = target.Contains(Global) ? target[Global] : new GoMap();
        object? theirs = source.Contains(Global) ? source[Global] : new GoMap();
        if (mine is not GoMap own || theirs is not GoMap given)
        {
            return;
        }

        foreach ((string key, object? value) in given.Items.ToArray())
        {
            bool known = own.TryGet(key, out object? before);
            if (value is GoMap table)
            {
                GoMap copy = GoMap.Of(table.Items);
                if (!known)
                {
                    own[key] = copy;
                }
                else if (before is GoMap inner)
                {
                    own[key] = Tables(copy, inner, merge: true);
                }
            }
            else if (before is not GoMap)
            {
                own[key] = value;
            }
        }

        target[Global] = own;
    }

    /// <summary>A later values file over an earlier one.</summary>
    public static void Over(GoMap target, GoMap later)
    {
        foreach ((string key, object? value) in later.Items)
        {
            if (value is GoMap map && target[key] is GoMap known)
            {
                Over(known, map);
            }
            else
            {
                target[key] = value;
            }
        }
    }
}
