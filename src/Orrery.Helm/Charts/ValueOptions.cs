using Orrery.Helm.Go;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>What a user gives for a chart's values: files, then the --set options in Helm's order, later ones winning.</summary>
/// <param name="Files">Values files: what errors call them, and their text.</param>
/// <param name="SetJson">Arguments of --set-json.</param>
/// <param name="Set">Arguments of --set.</param>
/// <param name="SetString">Arguments of --set-string.</param>
/// <param name="SetFile">Arguments of --set-file; <paramref name="ReadFile"/> reads what they name.</param>
/// <param name="SetLiteral">Arguments of --set-literal.</param>
/// <param name="ReadFile">Reads the bytes of a file; null refuses every file.</param>
public sealed record ValueOptions(
    IReadOnlyList<(string Name, ReadOnlyMemory<byte> Text)>? Files = null,
    IReadOnlyList<string>? SetJson = null,
    IReadOnlyList<string>? Set = null,
    IReadOnlyList<string>? SetString = null,
    IReadOnlyList<string>? SetFile = null,
    IReadOnlyList<string>? SetLiteral = null,
    Func<string, byte[]>? ReadFile = null)
{
    /// <exception cref="ChartException">Of phase values: a file is no YAML, or an option is malformed.</exception>
    internal GoMap Merge()
    {
        var values = new GoMap();
        foreach ((string name, ReadOnlyMemory<byte> text) in Files ?? [])
        {
            Refuse(() => ValueMerge.Over(values, YamlReader.ReadMap(Utf8.FromBytes(text.Span))), $"failed to parse {name}: ");
        }

        foreach (string text in SetJson ?? [])
        {
            Json(values, text);
        }

        Options(values, Set, SetMode.Typed, "set");
        Options(values, SetString, SetMode.String, "set-string");
        Options(values, SetFile, SetMode.File, "set-file");
        Options(values, SetLiteral, SetMode.Literal, "set-literal");
        return values;
    }

    private static void Refuse(Action read, string prefix)
    {
        try
        {
            read();
        }
        catch (GoException e)
        {
            throw new ChartException("values", prefix + e.Message);
        }
    }

    private void Options(GoMap values, IReadOnlyList<string>? options, SetMode mode, string name)
    {
        foreach (string option in options ?? [])
        {
            Refuse(() => SetParser.Into(values, Utf8.FromText(option), mode, Read), $"failed parsing --{name} data: ");
        }
    }

    private string Read(string path) => ReadFile is null
        ? throw new GoException($"open {path}: no files may be read here")
        : Utf8.FromBytes(ReadFile(Utf8.ToText(path)));

    /// <summary>key=json pairs, or one JSON object that is merged as a whole.</summary>
    private static void Json(GoMap values, string text)
    {
        string bytes = Utf8.FromText(text);
        try
        {
            if (bytes.AsSpan().Trim().StartsWith("{"))
            {
                ValueMerge.Over(values, (GoMap)GoJson.Read(bytes)!);
            }
            else
            {
                SetParser.Into(values, bytes, SetMode.Json);
            }
        }
        catch (GoException)
        {
            string what = bytes.AsSpan().Trim().StartsWith("{") ? "data JSON: " : "data ";
            throw new ChartException("values", $"failed parsing --set-json {what}{bytes}");
        }
    }
}
