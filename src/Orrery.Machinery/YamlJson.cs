using System.Globalization;
using System.Text.Json.Nodes;
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
    /// <param name="repeated">Takes a line for each key that a mapping states twice, such as <c>line 5: key "data" already set in map</c>; null when nobody asks.</param>
    public static JsonNode? Parse(string yaml, ICollection<string>? repeated = null)
    {
        foreach (JsonNode? document in ParseAll(yaml, repeated))
        {
            return document;
        }

        return null;
    }

    /// <summary>All documents in order. A document without content is null.</summary>
    /// <exception cref="FormatException">As for <see cref="Parse"/>, raised while enumerating.</exception>
    /// <param name="repeated">As for <see cref="Parse"/>.</param>
    public static IEnumerable<JsonNode?> ParseAll(string yaml, ICollection<string>? repeated = null)
    {
        var parser = new Parser(new Scanner(new StringReader(yaml), skipComments: true));
        Step(parser);
        Step(parser);
        while (parser.Current is DocumentStart)
        {
            Step(parser);
            JsonNode? document = new DocumentReader(parser, repeated).Read(0);
            if (parser.Current is not DocumentEnd)
            {
                throw Fault(parser, "expected the end of the document");
            }

            Step(parser);
            yield return document;
        }
    }

    /// <summary>Go's text for keys given twice.</summary>
    public static string RepetitionFault(IEnumerable<string> repeated) => $"yaml: unmarshal errors:\n  {string.Join("\n  ", repeated)}";

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

    private sealed class DocumentReader(Parser parser, ICollection<string>? repeated)
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
                long line = parser.Current!.Start.Line;
                JsonNode? key = Read(depth + 1);
                string name = YamlScalar.KeyText(key) ?? throw Fault(parser, "invalid map key");
                JsonNode? value = Read(depth + 1);
                if (merge)
                {
                    (merges ??= []).AddRange(Merged(value));
                }
                else
                {
                    if (repeated is not null && json.ContainsKey(name))
                    {
                        repeated.Add(string.Create(CultureInfo.InvariantCulture, $"line {line}: key \"{name}\" already set in map"));
                    }

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
