using Orrery.Helm.Go;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>Helm's chartutil: a user's values over a chart's defaults, down through the subcharts, with globals handed down.</summary>
internal static class ValueMerge
{
    public static GoMap Coalesce(Chart chart, GoMap given)
    {
        GoMap values = Copies.Deep(given);
        Apply(chart, values);
        return values;
    }

    private static void Apply(Chart chart, GoMap values)
    {
        foreach ((string key, object? preset) in chart.Values.Items)
        {
            if (!values.TryGet(key, out object? mine))
            {
                if (!values.Contains(key))
                {
                    values[key] = Copies.Deep(preset);
                }
                else
                {
                    values.Remove(key);
                }
            }
            else if (mine is null)
            {
                values.Remove(key);
            }
            else if (mine is GoMap table && preset is GoMap defaults)
            {
                Tables(table, Copies.Deep(defaults));
            }
        }

        foreach (Chart sub in chart.Subcharts)
        {
            if (values[sub.Name] is not GoMap own)
            {
                if (values.Contains(sub.Name) && values[sub.Name] is not null)
                {
                    throw new ChartException("values", $"type mismatch on {sub.Name}: {GoTypes.TypeOf(values[sub.Name])}");
                }

                values[sub.Name] = own = new GoMap();
            }

            Globals(own, values);
            Apply(sub, own);
        }
    }

    /// <summary>Fills what a table lacks; a null in it deletes the default.</summary>
    public static void Tables(GoMap target, GoMap source)
    {
        foreach ((string key, object? value) in source.Items)
        {
            if (!target.Contains(key))
            {
                target[key] = value;
            }
            else if (target[key] is null)
            {
                target.Remove(key);
            }
            else if (value is GoMap inner && target[key] is GoMap mine)
            {
                Tables(mine, inner);
            }
        }
    }

    private static void Globals(GoMap target, GoMap source)
    {
        GoMap own = target["global"] as GoMap ?? new GoMap();
        foreach ((string key, object? value) in (source["global"] as GoMap)?.Items ?? [])
        {
            if (value is GoMap table)
            {
                GoMap copy = Copies.Deep(table);
                if (own[key] is GoMap known)
                {
                    Tables(copy, known);
                }

                own[key] = copy;
            }
            else if (own[key] is not GoMap)
            {
                own[key] = value;
            }
        }

        target["global"] = own;
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
