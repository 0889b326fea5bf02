using Orrery.Helm.Go;

namespace Orrery.Helm.Yaml;

/// <summary>Copies of values that share nothing with their source.</summary>
internal static class Copies
{
    public static object? Deep(object? value) => value switch
    {
        GoMap map => Deep(map),
        GoSlice list => Deep(list),
        _ => value,
    };

    private static GoSlice Deep(GoSlice list)
    {
        var items = new object?[list.Count];
        for (int i = 0; i < items.Length; i++)
        {
            Templates.RenderBudget.Copy();
            items[i] = Deep(list.Items[i]);
        }

        return new GoSlice(items, list.Type) { IsNil = list.IsNil };
    }

    public static GoMap Deep(GoMap map)
    {
        if (map.IsNil)
        {
            return map;
        }

        var copy = new GoMap(map.Type, map.Element);
        foreach ((string key, object? value) in map.Items)
        {
            Templates.RenderBudget.Copy();
            copy[key] = Deep(value);
        }

        return copy;
    }
}
