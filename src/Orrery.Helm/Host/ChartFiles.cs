using System.Text.RegularExpressions;
using Orrery.Helm.Functions;
using Orrery.Helm.Go;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Host;

/// <summary>.Files: a chart's files that are no templates, by path, with the methods Helm gives them.</summary>
internal static class ChartFiles
{
    private const string Type = "engine.files";

    /// <summary>Files by path; contents are byte strings.</summary>
    public static GoMap Of(IEnumerable<KeyValuePair<string, string>> files)
    {
        var map = new GoMap(Type, "[]uint8");
        foreach ((string path, string content) in files)
        {
            map[path] = new GoSlice([.. content.Select(c => (object?)(byte)c)], "[]uint8");
        }

        return map;
    }

    private static string Text(GoMap files, string name) => files.TryGet(name, out object? bytes) ? Casts.Text(bytes) : "";

    public static Function? Method(GoMap files, string name) => name switch
    {
        "Get" => Function.Of(name, [P.String], a => Text(files, (string)a[0]!)),
        "GetBytes" => Function.Of(name, [P.String], a => files.TryGet((string)a[0]!, out object? v) ? v : new GoSlice([], "[]uint8")),
        "Glob" => Function.Of(name, [P.String], a => Glob(files, (string)a[0]!)),
        "Lines" => Function.Of(name, [P.String], a => Lines(files, (string)a[0]!)),
        "AsConfig" => Function.Of(name, [], _ => As(files, s => s)),
        "AsSecrets" => Function.Of(name, [], _ => As(files, s => Convert.ToBase64String(Utf8.ToBytes(s)))),
        _ => null,
    };

    private static GoSlice Lines(GoMap files, string name)
    {
        if (!files.Contains(name))
        {
            return new GoSlice([], GoSlice.Strings);
        }

        string text = Text(files, name);
        if (text.Length == 0)
        {
            throw new GoException("runtime error: index out of range [-1]");
        }

        return GoSlice.OfStrings((text[^1] == '\n' ? text[..^1] : text).Split('\n'));
    }

    private static string As(GoMap files, Func<string, string> encode)
    {
        var map = new GoMap();
        foreach ((string path, object? content) in files.Sorted)
        {
            map[path[(path.LastIndexOf('/') + 1)..]] = encode(Casts.Text(content));
        }

        return YamlWriter.Write(map).TrimEnd('\n');
    }

    private static GoMap Glob(GoMap files, string pattern)
    {
        var found = new GoMap(Type, "[]uint8");
        Regex? regex = GlobPattern.Compile(Utf8.ToText(pattern));
        foreach ((string path, object? content) in files.Items)
        {
            if (regex is null || regex.IsMatch(Utf8.ToText(path)))
            {
                found[path] = content;
            }
        }

        return found;
    }
}
