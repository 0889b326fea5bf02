using System.Globalization;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>The schemas that stand directly in a schema, with their paths.</summary>
internal static class SchemaTree
{
    private static readonly string[] Combinators = ["allOf", "anyOf", "oneOf"];

    public static IEnumerable<(JsonObject Schema, string Path)> Below(JsonObject schema, string path) => [.. Structure(schema, path), .. Nested(schema, path)];

    /// <summary>Those that say what an object is made of.</summary>
    public static IEnumerable<(JsonObject Schema, string Path)> Structure(JsonObject schema, string path)
    {
        foreach (string member in (string[])["items", "additionalProperties"])
        {
            if (schema[member] is JsonObject one)
            {
                yield return (one, $"{path}.{member}");
            }
        }

        foreach ((string name, JsonNode? property) in schema["properties"] as JsonObject ?? [])
        {
            if (property is JsonObject below)
            {
                yield return (below, $"{path}.properties[{name}]");
            }
        }
    }

    /// <summary>Those that only judge values: <c>not</c> and the members of the combinators.</summary>
    public static IEnumerable<(JsonObject Schema, string Path)> Nested(JsonObject schema, string path)
    {
        if (schema["not"] is JsonObject not)
        {
            yield return (not, $"{path}.not");
        }

        foreach (string combinator in Combinators)
        {
            foreach ((JsonObject of, string at) in Members(schema, combinator, path))
            {
                yield return (of, at);
            }
        }
    }

    public static IEnumerable<(JsonObject Schema, string Path)> Members(JsonObject schema, string combinator, string path)
    {
        int i = 0;
        foreach (JsonNode? of in schema[combinator] as JsonArray ?? [])
        {
            string at = string.Create(CultureInfo.InvariantCulture, $"{path}.{combinator}[{i++}]");
            if (of is JsonObject member)
            {
                yield return (member, at);
            }
        }
    }

    public static string[] Texts(JsonNode? list) => list is JsonArray array ? [.. array.Select(t => t?.ToString() ?? "")] : [];
}
