using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Machinery.Patches;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>Whether an applied object fits its schema; faults in structured-merge-diff's words.</summary>
internal static class TypedCheck
{
    /// <summary>Null when it fits; otherwise one line, or a list of all faults.</summary>
    public static string? FaultsOf(JsonObject json, Schema schema)
    {
        List<string>? faults = null;
        Check(json, schema, ref faults);
        return faults switch
        {
            null => null,
            [string one] => one,
            _ => "errors:\n" + string.Join('\n', faults.Select(f => "  " + f)),
        };
    }

    private static void Check(JsonNode? value, Schema? schema, ref List<string>? faults)
    {
        if (value is null)
        {
            return;
        }

        if (schema is null || Shapes.IsDeduced(schema))
        {
            if (schema is { Type: SchemaType.Object } && value is not JsonObject && schema.Format is null)
            {
                Fault(ref faults, "map", value);
            }

            return;
        }

        switch (schema.Type)
        {
            case SchemaType.Array:
                CheckItems(value, schema, ref faults);
                break;
            case SchemaType.Object when !schema.IntOrString:
                CheckMembers(value, schema, ref faults);
                break;
            default:
                string? expected = ExpectedScalar(schema, value);
                if (expected is not null)
                {
                    Fault(ref faults, expected, value);
                }

                break;
        }
    }

    private static void CheckMembers(JsonNode value, Schema schema, ref List<string>? faults)
    {
        if (value is not JsonObject o)
        {
            Fault(ref faults, "map", value);
            return;
        }

        bool isOpen = schema.PreserveUnknownFields || schema.AdditionalProperties is not null;
        foreach ((string name, JsonNode? member) in o)
        {
            int before = faults?.Count ?? 0;
            if (Shapes.Member(schema, name) is { } below)
            {
                Check(member, below, ref faults);
            }
            else if (!isOpen)
            {
                (faults ??= []).Add(": field not declared in schema");
            }

            if (faults is not null)
            {
                Prefix(faults, before, PathElement.OfField(name).ToString());
            }
        }
    }

    private static void CheckItems(JsonNode value, Schema schema, ref List<string>? faults)
    {
        if (value is not JsonArray a)
        {
            Fault(ref faults, "list", value);
            return;
        }

        var seen = new HashSet<PathElement>();
        for (int i = 0; i < a.Count; i++)
        {
            PathElement element = PathElement.OfIndex(i);
            if (schema.ListType != ListType.Atomic)
            {
                if (ListItems.ElementOf(schema, a[i], out string? fault) is not { } named)
                {
                    (faults ??= []).Add($": element {i}: {fault}");
                    continue;
                }

                element = named;
                if (!seen.Add(element))
                {
                    (faults ??= []).Add($": duplicate entries for key {element}");
                }
            }

            int before = faults?.Count ?? 0;
            Check(a[i], schema.Items, ref faults);
            if (faults is not null)
            {
                Prefix(faults, before, element.ToString());
            }
        }
    }

    private static string? ExpectedScalar(Schema schema, JsonNode value)
    {
        JsonValueKind kind = value.GetValueKind();
        if (schema.IntOrString || schema.Format == "quantity" || schema.Type == SchemaType.Any)
        {
            return kind is JsonValueKind.Object or JsonValueKind.Array ? "any scalar" : null;
        }

        return schema.Type switch
        {
            SchemaType.String => kind == JsonValueKind.String || schema.Format is not (null or "byte") ? null : "string",
            SchemaType.Boolean => kind is JsonValueKind.True or JsonValueKind.False ? null : "boolean",
            _ => kind == JsonValueKind.Number ? null : "numeric (int or float)",
        };
    }

    /// <summary>Each kind of fault prints what it got with a verb of its own: <c>%#v</c>, <c>%T</c> or <c>%v</c>.</summary>
    private static void Fault(ref List<string>? faults, string expected, JsonNode value)
    {
        string got = expected switch
        {
            "string" => $"&value.valueUnstructured{{Value:{GoText.Source(value)}}}",
            "numeric (int or float)" => GoText.TypeOf(value),
            _ => $"&{{{GoText.Plain(value)}}}",
        };
        (faults ??= []).Add($": expected {expected}, got {got}");
    }

    /// <summary>Faults are made at the place where they occur and get their path on the way up.</summary>
    private static void Prefix(List<string> faults, int from, string step)
    {
        for (int i = from; i < faults.Count; i++)
        {
            faults[i] = step + faults[i];
        }
    }
}
