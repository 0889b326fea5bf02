using System.Globalization;
using System.Numerics;
using Orrery.Helm.Go;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>
/// Reads fields of a Go struct out of YAML: names match in any case, numbers and bools become text where text is wanted,
/// and everything else that does not fit is refused with encoding/json's words.
/// </summary>
/// <param name="path">What stands before a field's name in faults, of the structs around it.</param>
internal sealed class TypedFields(GoMap map, string type, string path = "")
{
    private object? Value(string name)
    {
        if (map.TryGet(name, out object? exact))
        {
            return exact;
        }

        string? other = map.Keys.Where(k => string.Equals(k, name, StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal).FirstOrDefault();
        return other is null ? null : map[other];
    }

    private GoException Mismatch(object? value, string name, string wanted) =>
        YamlReader.Mismatch(value, $"struct field {type}.{path}{name} of type {wanted}");

    /// <summary>A scalar as text; null where it cannot be one.</summary>
    public static string? AsText(object? value) => value switch
    {
        null => "",
        string s => s,
        bool b => b ? "true" : "false",
        BigInteger i => i.ToString(CultureInfo.InvariantCulture),
        double d => GoFloat.Format(d, 'g', -1),
        _ => null,
    };

    public string Text(string name) => Value(name) is var value && AsText(value) is { } text ? text : throw Mismatch(value, name, "string");

    public bool Flag(string name) => Value(name) switch
    {
        null => false,
        bool b => b,
        var other => throw Mismatch(other, name, "bool"),
    };

    public IReadOnlyList<object?> Any(string name) => Value(name) switch
    {
        null => [],
        GoSlice list => list.Items,
        var other => throw Mismatch(other, name, "[]interface {}"),
    };

    public IReadOnlyList<string> Texts(string name) => Value(name) switch
    {
        null => [],
        GoSlice list => [.. list.Items.Select(i => AsText(i) ?? throw Mismatch(i, name, "string"))],
        var other => throw Mismatch(other, name, "[]string"),
    };

    public IReadOnlyDictionary<string, string>? TextMap(string name)
    {
        switch (Value(name))
        {
            case null:
                return null;
            case GoMap found:
                return found.Items.ToDictionary(i => i.Key, i => AsText(i.Value) ?? throw Mismatch(i.Value, name, "string"), StringComparer.Ordinal);
            case var other:
                throw Mismatch(other, name, "map[string]string");
        }
    }

    /// <summary>A list of structs; null entries stay.</summary>
    public IReadOnlyList<object?> Structs(string name, string element) => Value(name) switch
    {
        null => [],
        GoSlice list => [.. list.Items.Select(i => i is null or GoMap ? i : throw Mismatch(i, name, element))],
        var other => throw Mismatch(other, name, "[]*" + element),
    };

    /// <summary>A struct within; null where it is missing.</summary>
    public GoMap? Struct(string name, string wanted) => Value(name) switch
    {
        null => null,
        GoMap found => found,
        var other => throw Mismatch(other, name, wanted),
    };
}
