using Orrery.Helm.Functions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Templates;

/// <summary>The methods that Helm's own types offer to templates.</summary>
internal static class Methods
{
    public static Function? Of(object? receiver, string name) => receiver switch
    {
        GoMap { Type: GoMap.Values } values => OfValues(values, name),
        GoMap { Type: "engine.files" } files => Host.ChartFiles.Method(files, name),
        GoSlice { Type: "chartutil.VersionSet" } versions when name == "Has" => Function.Of("Has", [P.String], a => versions.Items.Contains(a[0])),
        GoObject o => o.Method(name),
        _ => null,
    };

    private static Function? OfValues(GoMap values, string name) => name switch
    {
        "AsMap" => Function.Of(name, [], _ => values.Count == 0 ? new GoMap() : Plain(values)),
        "YAML" => Function.Of(name, [], _ => Yaml.YamlWriter.Write(values)),
        "Table" => Function.Of(name, [P.String], a => Table(values, (string)a[0]!)),
        "PathValue" => Function.OfAny(name, [P.String], a => PathValue(values, (string)a[0]!)),
        _ => null,
    };

    private static GoMap Plain(GoMap map) => GoMap.Of(map.Items);

    private static GoMap Table(GoMap values, string path)
    {
        GoMap table = values;
        foreach (string part in path.Split('.'))
        {
            table = table[part] as GoMap ?? throw new GoException($"{GoQuote.Quote(part)} is not a table");
        }

        return new GoMap(GoMap.Values).CopyOf(table);
    }

    private static object? PathValue(GoMap values, string path)
    {
        if (path.Length == 0)
        {
            throw new GoException("YAML path cannot be empty");
        }

        string[] parts = path.Split('.');
        GoMap table = values;
        foreach (string part in parts[..^1])
        {
            table = table[part] as GoMap ?? throw new GoException($"{GoQuote.Quote(part)} is not a table");
        }

        return table.TryGet(parts[^1], out object? value) && value is not GoMap ? value : throw new GoException($"{GoQuote.Quote(parts[^1])} is not a value");
    }

    private static GoMap CopyOf(this GoMap target, GoMap source)
    {
        foreach ((string key, object? value) in source.Items)
        {
            target[key] = value;
        }

        return target;
    }
}
