using Orrery.Helm.Go;

namespace Orrery.Helm.Yaml;

/// <summary>Copies of values that share nothing with their source.</summary>
internal static class Copies
{
    public static object? Deep(object? value) => value switch
    {
        GoMap map => Deep(map),
        GoSlice list => new GoSlice([.. list.Items.Select(Deep)], list.Type) { IsNil = list.IsNil },
        _ => value,
    };

    public static GoMap Deep(GoMap map)
    {
        if (map.IsNil)
        {
            return map;
        }

        var copy = new GoMap(map.Type, map.Element);
        foreach ((string key, object? value) in map.Items)
        {
            copy[key] = Deep(value);
        }

        return copy;
    }
}
