using System.Globalization;
using System.Numerics;
using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Yaml;

/// <summary>
/// Reads a YAML text as sigs.k8s.io/yaml does: through go-yaml v2 into JSON into Go values, so every number is a float64
/// and every key a string.
/// </summary>
internal sealed class YamlReader
{
    private const string Core = "tag:yaml.org,2002:";

    private readonly HashSet<YamlNode> open = new(ReferenceEqualityComparer.Instance);
    private int decoded;
    private int aliased;
    private int aliasDepth;

    private readonly bool typed;

    private YamlReader(bool typed) => this.typed = typed;

    /// <summary>The first document of a byte string; null when there is none.</summary>
    /// <exception cref="GoException">It is no YAML.</exception>
    public static object? Read(string bytes) => Read(bytes, typed: false);

    /// <summary>The same, but integers stay BigInteger and floats double, so that they may become text.</summary>
    public static object? ReadTyped(string bytes) => Read(bytes, typed: true);

    private static object? Read(string bytes, bool typed)
    {
        CheckBytes(bytes);
        try
        {
            return YamlParser.Parse(bytes) is { } root ? new YamlReader(typed).Decode(root) : null;
        }
        catch (YamlSyntaxException e)
        {
            throw Fault("yaml: " + e.Message);
        }
        catch (InsufficientExecutionStackException)
        {
            throw Fault("yaml: exceeded max depth");
        }
    }

    /// <summary>Reads a YAML text that must be a map, as into a Go map.</summary>
    /// <exception cref="GoException">It is no YAML or something else; an empty text is an empty map.</exception>
    public static GoMap ReadMap(string bytes) => Read(bytes) switch
    {
        GoMap map => map,
        null => new GoMap(),
        var other => throw Mismatch(other, "value of type map[string]interface {}"),
    };

    /// <summary>What encoding/json says when a value does not fit where it is read into.</summary>
    public static GoException Mismatch(object? value, string into) =>
        new($"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {JsonName(value)} into Go {into}");

    private static string JsonName(object? value) => value switch
    {
        GoMap => "object",
        GoSlice => "array",
        string => "string",
        bool => "bool",
        _ => "number",
    };

    private static GoException Fault(string message) => new("error converting YAML to JSON: " + message);

    /// <summary>go-yaml's reader refuses what is no UTF-8 and all control characters but tabs and line ends.</summary>
    private static void CheckBytes(string bytes)
    {
        for (int i = 0; i < bytes.Length;)
        {
            char c = bytes[i];
            if (c is >= ' ' and < '\x7F' or '\t' or '\n' or '\r')
            {
                i++;
                continue;
            }

            (int rune, int size) = Utf8.Decode(bytes, i);
            if (rune == Utf8.ErrorRune && size == 1)
            {
                throw Fault(c is >= '\xC2' and < '\xF5' ? (i + 1 >= bytes.Length ? "yaml: incomplete UTF-8 octet sequence" : "yaml: invalid trailing UTF-8 octet") : "yaml: invalid leading UTF-8 octet");
            }

            if (rune is < ' ' or 0x7F or (>= 0x80 and < 0xA0 and not 0x85) or 0xFFFE or 0xFFFF)
            {
                throw Fault("yaml: control characters are not allowed");
            }

            i += size;
        }
    }

    /// <summary>Bounds what aliases may blow up to, as go-yaml does: the larger the document, the smaller their share.</summary>
    private void Count()
    {
        decoded++;
        aliased += aliasDepth > 0 ? 1 : 0;
        if (aliased > 100 && decoded > 1000)
        {
            double allowed = decoded <= 400_000 ? 0.99 : decoded >= 4_000_000 ? 0.10 : 0.99 - (0.89 * ((decoded - 400_000) / 3_600_000.0));
            if ((double)aliased / decoded > allowed)
            {
                throw Fault("yaml: document contains excessive aliasing");
            }
        }
    }

    private object? Decode(YamlNode node)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        Count();
        switch (node.Kind)
        {
            case YamlNodeKind.Alias:
                if (!open.Add(node.Target!))
                {
                    throw Fault($"yaml: anchor '{node.Text}' value contains itself");
                }

                aliasDepth++;
                object? value = Decode(node.Target!);
                aliasDepth--;
                open.Remove(node.Target!);
                return value;
            case YamlNodeKind.Sequence:
                var items = new List<object?>(node.Children.Count);
                foreach (YamlNode child in node.Children)
                {
                    items.Add(Decode(child));
                }

                return new GoSlice(items);
            case YamlNodeKind.Mapping:
                var map = new GoMap();
                Fill(map, node);
                return map;
            default:
                object? scalar = Scalar(node);
                return typed && scalar is BigInteger ? scalar : Number(scalar);
        }
    }

    private static object? Number(object? scalar) => scalar switch
    {
        BigInteger i => GoParse.Rounded(i),
        double d when !double.IsFinite(d) => throw Fault("json: unsupported value: " + GoFloat.Format(d, 'g', -1)),
        _ => scalar,
    };

    /// <summary>What a scalar is to go-yaml: null, a bool, a BigInteger, a double or a string.</summary>
    private static object? Scalar(YamlNode node)
    {
        string tag = node.Tag.StartsWith(Core, StringComparison.Ordinal) ? "!!" + node.Tag[Core.Length..] : node.Tag;
        if (tag.Length == 0)
        {
            return node.IsPlain ? YamlResolve.Resolve(node.Text) : node.Text;
        }

        object? value = YamlResolve.Resolve(node.Text);
        switch (tag)
        {
            case "!!binary":
                try
                {
                    return Utf8.FromText(Encoding.UTF8.GetString(Convert.FromBase64String(node.Text)));
                }
                catch (FormatException)
                {
                    throw Fault("yaml: !!binary value contains invalid base64 data");
                }

            case "!!float" when value is BigInteger i:
                return GoParse.Rounded(i);
            case "!!int" when value is BigInteger:
            case "!!float" when value is double:
            case "!!bool" when value is bool:
            case "!!null" when value is null:
                return value;
            case "!!int" or "!!float" or "!!bool" or "!!null":
                string was = value switch { null => "!!null", bool => "!!bool", BigInteger => "!!int", double => "!!float", _ => "!!str" };
                throw Fault($"yaml: cannot decode {was} `{node.Text}` as a {tag}");
            default:
                return node.Text;
        }
    }

    private static bool IsMerge(YamlNode key) =>
        key is { Kind: YamlNodeKind.Scalar, Text: "<<" } && (key.IsPlain || key.Tag == Core + "merge");

    private void Fill(GoMap map, YamlNode node)
    {
        for (int i = 0; i < node.Children.Count; i += 2)
        {
            YamlNode key = node.Children[i];
            YamlNode value = node.Children[i + 1];
            if (IsMerge(key))
            {
                Merge(map, value);
                continue;
            }

            string name = Key(key, value);
            map[name] = Decode(value);
        }
    }

    /// <summary>Of several maps the first wins, so the last is laid down first.</summary>
    private void Merge(GoMap map, YamlNode value)
    {
        IEnumerable<YamlNode> sources = value.Kind == YamlNodeKind.Sequence ? Enumerable.Reverse(value.Children) : [value];
        foreach (YamlNode source in sources)
        {
            if ((source.Target ?? source).Kind != YamlNodeKind.Mapping)
            {
                throw Fault("yaml: map merge requires map or sequence of maps as the value");
            }

            foreach ((string name, object? item) in ((GoMap)Decode(source)!).Items)
            {
                map[name] = item;
            }
        }
    }

    private string Key(YamlNode node, YamlNode value)
    {
        Count();
        YamlNode key = node.Target ?? node;
        if (key.Kind != YamlNodeKind.Scalar)
        {
            throw Fault("yaml: invalid map key: " + YamlShown.Of(key, false));
        }

        return Scalar(key) switch
        {
            string s => s,
            bool b => b ? "true" : "false",
            BigInteger i => i.ToString(CultureInfo.InvariantCulture),
            double d => double.IsInfinity(d) ? (d > 0 ? ".inf" : "-.inf") : double.IsNaN(d) ? ".nan" : GoFloat.Format(d, 'g', -1, bits: 32),
            _ => throw Fault("unsupported map key of type: %!s(<nil>), key: <nil>, value: " + YamlShown.Of(value, false)),
        };
    }

    /// <summary>A scalar's resolved value, for printing it.</summary>
    internal static object? Resolved(YamlNode node) => Scalar(node);
}
