using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>Which formats in the schemas of a definition nobody looks at (apiextensions <c>pkg/apiserver/validation/formats.go</c>).</summary>
public static class SchemaFormats
{
    /// <summary>Of strings, without the dashes that upstream leaves out; the last two are newer than 1.33.</summary>
    private static readonly FrozenSet<string> OfStrings = FrozenSet.ToFrozenSet(
    [
        "bsonobjectid", "uri", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uuid", "uuid3", "uuid4", "uuid5", "isbn", "isbn10", "isbn13", "creditcard", "ssn",
        "hexcolor", "rgbcolor", "byte", "password", "date", "duration", "datetime", "k8sshortname", "k8slongname",
    ]);

    private static readonly string[] Lists = ["allOf", "anyOf", "oneOf"];
    private static readonly string[] Ones = ["items", "not", "additionalProperties"];

    /// <summary>Each once, in the order in which they stand.</summary>
    public static IReadOnlyList<string> Unrecognized(JsonObject definition)
    {
        var found = new List<string>();
        foreach (JsonObject version in (definition.NodeAt("spec", "versions") as JsonArray ?? []).OfType<JsonObject>())
        {
            Walk(version.NodeAt("schema", "openAPIV3Schema"), found);
        }

        return found;
    }

    private static void Walk(JsonNode? node, List<string> found)
    {
        if (node is not JsonObject schema)
        {
            return;
        }

        if (schema.TextAt("format") is { Length: > 0 } format && !IsRecognized(schema.TextAt("type") ?? "", format) && !found.Contains(format))
        {
            found.Add(format);
        }

        foreach (string member in Ones)
        {
            Walk(schema[member], found);
        }

        foreach (JsonNode? part in Lists.SelectMany(member => schema[member] as JsonArray ?? []))
        {
            Walk(part, found);
        }

        foreach ((_, JsonNode? property) in schema["properties"] as JsonObject ?? [])
        {
            Walk(property, found);
        }
    }

    /// <param name="type">Empty where the schema has none.</param>
    internal static bool IsRecognized(string type, string format) => type switch
    {
        "" or "string" => OfStrings.Contains(format.Replace("-", "", StringComparison.Ordinal)),
        "integer" => format is "int32" or "int64",
        "number" => format is "float" or "double",
        _ => true,
    };
}
