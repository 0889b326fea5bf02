using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Orrery.Machinery;

/// <summary>
/// Reads YAML as Kubernetes does (sigs.k8s.io/yaml over go-yaml v2): plain scalars follow the YAML 1.1 table
/// (<c>yes</c>, <c>on</c> and <c>y</c> are true, <c>0644</c> is octal), dates stay strings, keys become strings,
/// <c>&lt;&lt;</c> merges, of a repeated key the last counts.
/// </summary>
public static class YamlJson
{
    /// <summary>Nodes that a text may come to once its aliases are followed; guards against exponential aliases.</summary>
    private const int MaxNodes = 4_000_000;

    /// <summary>Levels of nesting; guards the stack.</summary>
    private const int MaxDepth = 500;

    /// <summary>The first document; null when the text holds none, or a null.</summary>
    /// <exception cref="FormatException">No YAML, or beyond the bounds on aliases and nesting; the message says where.</exception>
    public static JsonNode? Parse(string yaml)
    {
        foreach (JsonNode? document in ParseAll(yaml))
        {
            return document;
        }

        return null;
    }

    /// <summary>All documents in order. A document without content is null.</summary>
    /// <exception cref="FormatException">As for <see cref="Parse"/>, raised while enumerating.</exception>
    public static IEnumerable<JsonNode?> ParseAll(string yaml)
    {
        var parser = new Parser(new Scanner(new StringReader(yaml), skipComments: true));
        Step(parser);
        Step(parser);
        while (parser.Current is DocumentStart)
        {
            Step(parser);
            JsonNode? document = new DocumentReader(parser).Read(0);
            if (parser.Current is not DocumentEnd)
            {
                throw Fault(parser, "expected the end of the document");
            }

            Step(parser);
            yield return document;
        }
    }

    private static void Step(Parser parser)
    {
        try
        {
            parser.MoveNext();
        }
        catch (YamlException e)
        {
            throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"yaml: line {e.Start.Line}: {e.Message}"), e);
        }
    }

    private static FormatException Fault(Parser parser, string what) =>
        new(string.Create(CultureInfo.InvariantCulture, $"yaml: line {parser.Current?.Start.Line ?? 0}: {what}"));

    private sealed class DocumentReader(Parser parser)
    {
        private readonly Dictionary<string, (JsonNode? Node, int Size)> anchors = new(StringComparer.Ordinal);
        private int nodes;

        /// <summary>Reads the node at the parser's place and leaves the parser behind it.</summary>
        public JsonNode? Read(int depth)
        {
            if (depth > MaxDepth)
            {
                throw Fault(parser, "exceeded max depth");
            }

            int before = nodes;
            Count(1);
            if (parser.Current is AnchorAlias alias)
            {
                if (!anchors.TryGetValue(alias.Value.Value, out (JsonNode? Node, int Size) anchored))
                {
                    throw Fault(parser, $"unknown anchor '{alias.Value.Value}' referenced");
                }

                Count(anchored.Size);
                Step(parser);
                return anchored.Node?.DeepClone();
            }

            string? anchor = (parser.Current as NodeEvent)?.Anchor is { IsEmpty: false } name ? name.Value : null;
            JsonNode? node = parser.Current switch
            {
                Scalar scalar => ReadScalar(scalar),
                SequenceStart => ReadSequence(depth),
                MappingStart => ReadMapping(depth),
                _ => throw Fault(parser, "did not find expected node content"),
            };
            if (anchor is not null)
            {
                anchors[anchor] = (node?.DeepClone(), nodes - before);
            }

            return node;
        }

        private JsonNode? ReadScalar(Scalar scalar)
        {
            JsonNode? value;
            try
            {
                value = YamlScalar.Resolve(scalar);
            }
            catch (FormatException e)
            {
                throw Fault(parser, e.Message);
            }

            Step(parser);
            return value;
        }

        private JsonArray ReadSequence(int depth)
        {
            var array = new JsonArray();
            Step(parser);
            while (parser.Current is not SequenceEnd)
            {
                array.Add(Read(depth + 1));
            }

            Step(parser);
            return array;
        }

        private JsonObject ReadMapping(int depth)
        {
            var json = new JsonObject();
            List<JsonObject>? merges = null;
            Step(parser);
            while (parser.Current is not MappingEnd)
            {
                bool merge = parser.Current is Scalar { Value: "<<", Style: ScalarStyle.Plain };
                JsonNode? key = Read(depth + 1);
                string name = YamlScalar.KeyText(key) ?? throw Fault(parser, "invalid map key");
                JsonNode? value = Read(depth + 1);
                if (merge)
                {
                    (merges ??= []).AddRange(Merged(value));
                }
                else
                {
                    json[name] = value;
                }
            }

            Step(parser);
            // What the mapping states itself wins over what it merges; of two merged, the first.
            foreach (JsonObject source in merges ?? [])
            {
                foreach ((string name, JsonNode? value) in source)
                {
                    json.TryAdd(name, value?.DeepClone());
                }
            }

            return json;
        }

        private IEnumerable<JsonObject> Merged(JsonNode? value) => value switch
        {
            JsonObject one => [one],
            JsonArray many when many.All(m => m is JsonObject) => many.Select(m => m!.AsObject()),
            _ => throw Fault(parser, "map merge requires map or sequence of maps as the value"),
        };

        private void Count(int more)
        {
            nodes += more;
            if (nodes > MaxNodes)
            {
                throw Fault(parser, "document contains excessive aliasing");
            }
        }
    }
}

/// <summary>What a scalar means: go-yaml v2's resolve table.</summary>
internal static partial class YamlScalar
{
    public static JsonNode? Resolve(Scalar scalar)
    {
        string tag = scalar.Tag.IsEmpty || scalar.Tag.IsNonSpecific ? "" : scalar.Tag.Value;
        if (tag is "tag:yaml.org,2002:binary")
        {
            return JsonValue.Create(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(scalar.Value)));
        }

        if (tag is "tag:yaml.org,2002:str" || (tag.Length == 0 && scalar.Style != ScalarStyle.Plain))
        {
            return JsonValue.Create(scalar.Value);
        }

        return Plain(scalar.Value);
    }

    /// <summary>The text of a key as sigs.k8s.io/yaml writes it; null for what cannot be one.</summary>
    public static string? KeyText(JsonNode? key) => key is JsonValue value
        ? value.GetValueKind() == System.Text.Json.JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString()
        : null;

    private static JsonNode? Plain(string text)
    {
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON":
                return JsonValue.Create(true);
            case "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF":
                return JsonValue.Create(false);
        }

        if (!(char.IsAsciiDigit(text[0]) || text[0] is '+' or '-' or '.'))
        {
            return JsonValue.Create(text);
        }

        if (text is ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF" or "-.inf" or "-.Inf" or "-.INF" or ".nan" or ".NaN" or ".NAN")
        {
            throw new FormatException($"{text} cannot be written as JSON");
        }

        string digits = text.Replace("_", "", StringComparison.Ordinal);
        if (Integer(digits) is { } integer)
        {
            return integer;
        }

        return FloatForm().IsMatch(digits) && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? GoNumber.ToJson(number)
            : JsonValue.Create(text);
    }

    /// <summary>Go's <c>strconv.ParseInt(s, 0, 64)</c>, then <c>ParseUint</c>.</summary>
    private static JsonValue? Integer(string text)
    {
        bool negative = text.StartsWith('-');
        string rest = negative || text.StartsWith('+') ? text[1..] : text;
        if (rest.Length == 0 || !char.IsAsciiDigit(rest[0]))
        {
            return null;
        }

        int radix = 10;
        if (rest.Length > 1 && rest[0] == '0')
        {
            (radix, rest) = char.ToLowerInvariant(rest[1]) switch
            {
                'x' => (16, rest[2..]),
                'o' => (8, rest[2..]),
                'b' => (2, rest[2..]),
                _ => (8, rest[1..]),
            };
        }

        ulong magnitude = 0;
        if (rest.Length == 0)
        {
            return null;
        }

        foreach (char c in rest)
        {
            int digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            if (digit >= radix || magnitude > (ulong.MaxValue - (ulong)digit) / (ulong)radix)
            {
                return null;
            }

            magnitude = (magnitude * (ulong)radix) + (ulong)digit;
        }

        return (negative, magnitude) switch
        {
            (true, <= (ulong)long.MaxValue) => JsonValue.Create(-(long)magnitude),
            (true, (ulong)long.MaxValue + 1) => JsonValue.Create(long.MinValue),
            (true, _) => null,
            (false, <= (ulong)long.MaxValue) => JsonValue.Create((long)magnitude),
            _ => JsonValue.Create(magnitude),
        };
    }

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")]
    private static partial Regex FloatForm();
}
