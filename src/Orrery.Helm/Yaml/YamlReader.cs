using System.Globalization;
using Orrery.Helm.Go;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Orrery.Helm.Yaml;

/// <summary>
/// Reads a YAML text as sigs.k8s.io/yaml does: through go-yaml v2 into JSON into Go values, so every number is a float64
/// and every key a string.
/// </summary>
internal sealed class YamlReader
{
    private const int MaxNodes = 4_000_000;
    private const int MaxDepth = 1_000;

    private readonly IParser parser;
    private readonly Dictionary<string, (object? Value, int Size)> anchors = new(StringComparer.Ordinal);
    private int nodes;

    private YamlReader(string text) => parser = new YamlDotNet.Core.Parser(new Scanner(new StringReader(text), skipComments: true));

    /// <summary>The first document of a byte string; null when there is none.</summary>
    /// <exception cref="GoException">It is no YAML.</exception>
    public static object? Read(string bytes)
    {
        var reader = new YamlReader(Utf8.ToText(bytes).TrimStart('\uFEFF'));
        try
        {
            reader.Step();
            reader.Step();
            if (reader.parser.Current is not DocumentStart)
            {
                return null;
            }

            reader.Step();
            return reader.Node(0);
        }
        catch (YamlException e)
        {
            throw new GoException(string.Create(CultureInfo.InvariantCulture, $"error converting YAML to JSON: yaml: line {e.Start.Line}: {e.Message}"));
        }
        catch (InvalidOperationException e)
        {
            // The parser loses its state on some broken texts instead of saying where they break.
            throw new GoException("error converting YAML to JSON: yaml: did not find expected node content: " + Utf8.FromText(e.Message));
        }
    }

    private void Step() => parser.MoveNext();

    private static GoException Fault(string message) => new("error converting YAML to JSON: " + message);

    private object? Node(int depth)
    {
        if (depth > MaxDepth || ++nodes > MaxNodes)
        {
            throw Fault(depth > MaxDepth ? "yaml: exceeded max depth" : "yaml: document contains excessive aliasing");
        }

        if (parser.Current is AnchorAlias alias)
        {
            Step();
            if (!anchors.TryGetValue(alias.Value.Value, out (object? Value, int Size) known))
            {
                throw Fault($"yaml: unknown anchor '{alias.Value.Value}' referenced");
            }

            nodes += known.Size;
            return nodes > MaxNodes ? throw Fault("yaml: document contains excessive aliasing") : Copies.Deep(known.Value);
        }

        int before = nodes;
        string? anchor = (parser.Current as NodeEvent)?.Anchor is { IsEmpty: false } name ? name.Value : null;
        object? value = parser.Current switch
        {
            Scalar scalar => ReadScalar(scalar),
            SequenceStart => Sequence(depth),
            MappingStart => Mapping(depth),
            _ => throw Fault("yaml: did not find expected node content"),
        };
        if (anchor is not null)
        {
            anchors[anchor] = (value, nodes - before);
        }

        return value;
    }

    private object? ReadScalar(Scalar scalar)
    {
        Step();
        object? value = Value(scalar);
        return value is double d && !double.IsFinite(d) ? throw Fault($"json: unsupported value: {GoFloat.Format(d, 'g', -1)}") : value;
    }

    private static object? Value(Scalar scalar)
    {
        string tag = scalar.Tag.IsEmpty || scalar.Tag.IsNonSpecific ? "" : scalar.Tag.Value;
        string text = Utf8.FromText(scalar.Value);
        switch (tag)
        {
            case "tag:yaml.org,2002:binary":
                try
                {
                    string bytes = Utf8.FromBytes(Convert.FromBase64String(scalar.Value));
                    return Utf8.FromText(Utf8.ToText(bytes));
                }
                catch (FormatException)
                {
                    throw Fault("yaml: !!binary value contains invalid base64 data");
                }

            case "tag:yaml.org,2002:str":
            case "" when scalar.Style != ScalarStyle.Plain:
                return text;
            case "tag:yaml.org,2002:float" when YamlResolve.Resolve(text) is System.Numerics.BigInteger i:
                return (double)i;
        }

        return YamlResolve.Plain(text);
    }

    private GoSlice Sequence(int depth)
    {
        var list = new List<object?>();
        Step();
        while (parser.Current is not SequenceEnd)
        {
            list.Add(Node(depth + 1));
        }

        Step();
        return new GoSlice(list);
    }

    private GoMap Mapping(int depth)
    {
        var map = new GoMap();
        List<GoMap>? merges = null;
        Step();
        while (parser.Current is not MappingEnd)
        {
            bool merge = parser.Current is Scalar { Value: "<<", Style: ScalarStyle.Plain };
            object? key = parser.Current is Scalar scalar ? Key(scalar) : Node(depth + 1);
            string name = KeyText(key);
            object? value = Node(depth + 1);
            if (!merge)
            {
                map[name] = value;
                continue;
            }

            (merges ??= []).AddRange(value switch
            {
                GoMap one => [one],
                GoSlice many when many.Items.All(m => m is GoMap) => many.Items.Select(m => (GoMap)m!),
                _ => throw Fault("yaml: map merge requires map or sequence of maps as the value"),
            });
        }

        Step();
        foreach (GoMap source in merges ?? [])
        {
            foreach ((string name, object? value) in source.Items)
            {
                if (!map.Contains(name))
                {
                    map[name] = value;
                }
            }
        }

        return map;
    }

    private object? Key(Scalar scalar)
    {
        nodes++;
        Step();
        string tag = scalar.Tag.IsEmpty || scalar.Tag.IsNonSpecific ? "" : scalar.Tag.Value;
        string text = Utf8.FromText(scalar.Value);
        return tag == "tag:yaml.org,2002:str" || scalar.Style != ScalarStyle.Plain ? text : YamlResolve.Resolve(text);
    }

    private static string KeyText(object? key) => key switch
    {
        string s => s,
        bool b => b ? "true" : "false",
        System.Numerics.BigInteger i => i.ToString(CultureInfo.InvariantCulture),
        double d => double.IsInfinity(d) ? (d > 0 ? ".inf" : "-.inf") : double.IsNaN(d) ? ".nan" : GoFloat.Format(d, 'g', -1, bits: 32),
        null => throw Fault("unsupported map key of type: %!s(<nil>), key: <nil>"),
        _ => throw Fault("yaml: invalid map key"),
    };
}
