using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Kinds;

/// <summary>
/// Brings a built-in object to the form in which upstream's Go structs are encoded: amounts in canonical text, members
/// that hold nothing left out, members that are always written there. The schema says most of it; what only the Go source
/// says (which fields are pointers) is listed in <see cref="WireFacts"/>.
/// </summary>
internal static class WireForm
{
    private const string Quantity = "quantity";

    public static void Complete(GroupVersionKind kind, JsonObject o)
    {
        if (BuiltinTypes.Instance.Find(kind) is { } schema)
        {
            Visit(o, schema);
        }
    }

    private static void Visit(JsonObject o, Schema schema)
    {
        if (schema.PreserveUnknownFields)
        {
            return;
        }

        if (schema.AdditionalProperties is { } values)
        {
            VisitMap(o, values);
            return;
        }

        WireFacts facts = WireFacts.Of(schema.Name);
        foreach ((string name, Schema member) in schema.Properties)
        {
            bool required = schema.Required.Contains(name);
            if (!o.TryGetPropertyValue(name, out JsonNode? value) || value is null)
            {
                Absent(o, name, member, required, facts);
                continue;
            }

            VisitValue(o, name, value, member);
            if (!required && IsNothing(o[name], name, member, facts))
            {
                o.Remove(name);
            }
        }
    }

    private static void Absent(JsonObject o, string name, Schema member, bool required, WireFacts facts)
    {
        if (facts.Nulls.Contains(name))
        {
            o[name] = null;
        }
        else if (member.Default is { } value && (required || !IsZero(value)))
        {
            o[name] = value.DeepClone();
        }
        else if (!required || member.Type != SchemaType.Array)
        {
            o.Remove(name);
        }
    }

    private static void VisitValue(JsonObject o, string name, JsonNode value, Schema schema)
    {
        if (schema.Format == Quantity)
        {
            if (Canonical(value) is { } text)
            {
                o[name] = text;
            }
        }
        else if (value is JsonObject child)
        {
            Visit(child, schema);
        }
        else if (value is JsonArray list && schema.Items is { } items)
        {
            foreach (JsonObject item in list.OfType<JsonObject>())
            {
                Visit(item, items);
            }
        }
    }

    private static void VisitMap(JsonObject map, Schema values)
    {
        foreach (string key in map.Select(m => m.Key).ToArray())
        {
            if (map[key] is { } value)
            {
                VisitValue(map, key, value, values);
            }
            else if (values.Type == SchemaType.String)
            {
                // Go reads null into a string as the empty string.
                map[key] = "";
            }
        }
    }

    /// <summary>Null when the canonical text is there already or the value is no amount.</summary>
    private static string? Canonical(JsonNode value)
    {
        string written = value.IsText ? value.AsText() : value.IsNumber ? value.ToJsonString() : "";
        return written.Length > 0 && Api.Quantity.TryParse(written, out Quantity amount) && (amount.ToString() is var text) && (text != written || !value.IsText) ? text : null;
    }

    private static bool IsNothing(JsonNode? value, string name, Schema schema, WireFacts facts) => value switch
    {
        JsonArray list => list.Count == 0,
        JsonObject map => map.Count == 0 && schema.AdditionalProperties is not null,
        JsonValue v when v.GetValueKind() == JsonValueKind.String => v.GetValue<string>().Length == 0 && schema.Type == SchemaType.String && !facts.Pointers.Contains(name),
        JsonValue v when v.GetValueKind() == JsonValueKind.False => facts.Plain.Contains(name),
        JsonValue v when v.GetValueKind() == JsonValueKind.Number => facts.Plain.Contains(name) && IsZero(v),
        _ => false,
    };

    private static bool IsZero(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.String => value.AsText().Length == 0,
        JsonValueKind.Number => value.ToJsonString() == "0",
        JsonValueKind.False => true,
        _ => false,
    };
}
