using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>How a value is owned.</summary>
internal enum Shape
{
    /// <summary>As a whole: a scalar, or an object or list that the schema calls atomic.</summary>
    Leaf,

    /// <summary>Member by member.</summary>
    Map,

    /// <summary>Scalar by scalar.</summary>
    Set,

    /// <summary>Item by item, told apart by keys.</summary>
    KeyedList,
}

/// <summary>
/// Reads schemas as structured-merge-diff does. A null schema is a part that no schema describes: there, objects are
/// owned member by member and lists as a whole.
/// </summary>
internal static class Shapes
{
    /// <param name="value">Decides where the schema says nothing.</param>
    public static Shape Of(Schema? schema, JsonNode? value)
    {
        if (IsDeduced(schema))
        {
            return value is JsonObject ? Shape.Map : Shape.Leaf;
        }

        return schema!.Type switch
        {
            SchemaType.Array => schema.ListType switch
            {
                ListType.Set => Shape.Set,
                ListType.Map => Shape.KeyedList,
                _ => Shape.Leaf,
            },
            SchemaType.Object or SchemaType.Any when !schema.IntOrString && !schema.AtomicMap && schema.Format is not "quantity" => Shape.Map,
            _ => Shape.Leaf,
        };
    }

    /// <summary>Whether nothing is said about the value's members.</summary>
    public static bool IsDeduced(Schema? schema) => schema is null
        || (schema.Type is SchemaType.Any or SchemaType.Object && !schema.IntOrString && !schema.AtomicMap && schema.Format is not "quantity"
            && schema.Properties.Count == 0 && schema.AdditionalProperties is null && schema.Items is null);

    /// <summary>Schema of a member; null where none describes it.</summary>
    public static Schema? Member(Schema? schema, string name)
    {
        if (schema is null)
        {
            return null;
        }

        return schema.Properties.TryGetValue(name, out Schema? member) ? member
            : schema.EmbeddedResource && RootSchemas.Common.TryGetValue(name, out member) ? member
            : schema.AdditionalProperties;
    }

    /// <summary>Whether the schema names the member, as it does for a structure but not for a map.</summary>
    public static bool IsNamed(Schema? schema, string name) =>
        schema is not null && (schema.Properties.ContainsKey(name) || (schema.EmbeddedResource && RootSchemas.Common.ContainsKey(name)));

    /// <summary>Equality of values; the order of members does not count, the order of items does.</summary>
    public static bool AreEqual(JsonNode? a, JsonNode? b)
    {
        if (a is JsonValue x && b is JsonValue y && x.TryGetValue(out JsonElement left) && y.TryGetValue(out JsonElement right))
        {
            return JsonElement.DeepEquals(left, right);
        }

        return JsonNode.DeepEquals(a, b);
    }

    public static int CountOf(JsonNode? value) => value switch
    {
        JsonObject o => o.Count,
        JsonArray a => a.Count,
        _ => 0,
    };
}
