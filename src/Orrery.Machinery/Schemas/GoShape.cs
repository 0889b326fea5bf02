using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Schemas;

/// <summary>
/// What encoding a Go struct leaves out and always writes, which OpenAPI does not tell: a plain member with
/// <c>omitempty</c> goes when it is zero, a pointer goes only when nil, a nested struct is written even when empty.
/// The facts (Data/go-shape.tsv, kept by hand) name the exceptions from the usual: optional strings, lists and maps go
/// when empty; optional numbers and flags are pointers; optional structs are pointers; required members are written, unless the facts say otherwise.
/// </summary>
public static class GoShape
{
    private static readonly Lazy<FrozenDictionary<(string Type, string Member), string>> Facts = new(() =>
        FactsFile.Open("go-shape.tsv").Records(3)
            .SelectMany(r => r.Keys[2].Split(',').Select(member => (Key: (BuiltinTypes.Stem + r.Keys[1], member), Fact: r.Keys[0])))
            .ToFrozenDictionary(x => x.Key, x => x.Fact));

    /// <summary>What holds for a type, worked out once: objects are brought into form several times a write.</summary>
    private static readonly ConditionalWeakTable<Schema, Plan> Plans = [];

    /// <summary>
    /// Brings a whole object into the form in which upstream stores and answers it: empties dropped, nested structs and
    /// required members written with their zero value. To be called on a built-in kind's object just before it is
    /// stored, after validation (which must still see what is missing). Does nothing the second time.
    /// </summary>
    public static void Normalize(JsonObject json, Schema schema)
    {
        Plan plan = PlanOf(schema);
        plan.Complete(json);
        for (int i = 0; i < json.Count; i++)
        {
            (string name, JsonNode? value) = json.GetAt(i);
            if (!schema.Properties.TryGetValue(name, out Schema? member))
            {
                continue;
            }

            Descend(value, member);
            if (value is JsonArray { Count: 0 } && plan.Fact(name) == "null")
            {
                json.SetAt(i, value = null);
            }

            if (value is null ? !plan.IsWritten(name) : plan.IsOmitted(name, member, value))
            {
                json.RemoveAt(i--);
            }
        }

        foreach ((string name, Schema member) in plan.Written)
        {
            if (!json.ContainsKey(name))
            {
                json[name] = plan.Fact(name) == "null" ? null : Zero(member);
            }
        }
    }

    /// <summary>Go's zero value of a list item or map value, as it is encoded.</summary>
    internal static JsonNode? Zero(Schema schema)
    {
        switch (schema.Type)
        {
            case SchemaType.String when schema.Format is not ("byte" or "date-time"):
                return JsonValue.Create("");
            case SchemaType.Integer or SchemaType.Number:
                return JsonValue.Create(0L);
            case SchemaType.Boolean:
                return JsonValue.Create(false);
            case SchemaType.Object when schema.Properties.Count > 0:
                var json = new JsonObject();
                PlanOf(schema).Complete(json);
                return json;
            case SchemaType.Any when schema.IntOrString:
                return JsonValue.Create(0L);
            case SchemaType.Any when schema.Name == BuiltinSchemaBuilder.Quantity:
                return JsonValue.Create("0");
            default:
                return null;
        }
    }

    private static void Descend(JsonNode? value, Schema schema)
    {
        if (schema.PreserveUnknownFields)
        {
            return;
        }

        switch (value)
        {
            case JsonObject json when schema.Properties.Count > 0:
                Normalize(json, schema);
                break;
            case JsonObject map when schema.AdditionalProperties is { } values:
                for (int i = 0; i < map.Count; i++)
                {
                    JsonNode? item = map.GetAt(i).Value;
                    if (item is null && values.Format == "byte")
                    {
                        // What is stored has no bytes there, and no word for none at all.
                        map.SetAt(i, "");
                    }

                    Descend(item, values);
                }

                break;
            case JsonArray array when schema.Items is { } items:
                foreach (JsonNode? item in array)
                {
                    Descend(item, items);
                }

                break;
        }
    }

    private static bool IsAlwaysWritten(Schema schema, string name, Schema member) => Fact(schema, name) switch
    {
        "write" or "null" => true,
        "pointer" or "omit" => false,
        _ => schema.Required.Contains(name) && !member.PreserveUnknownFields,
    };

    internal static bool IsNestedStruct(Schema schema, string name, Schema member)
    {
        if (member.Type != SchemaType.Object || member.Properties.Count == 0 || member.Name is null)
        {
            return false;
        }

        if (schema.Required.Contains(name))
        {
            return Fact(schema, name) != "pointer";
        }

        // metadata is a struct in every kind, and so are the spec and status beside it.
        return Fact(schema, name) == "struct"
            || (name is "metadata" or "spec" or "status" && schema.Properties.TryGetValue("metadata", out Schema? metadata) && metadata.Name is { } meta
                && (meta.EndsWith(".ObjectMeta", StringComparison.Ordinal) || meta.EndsWith(".ListMeta", StringComparison.Ordinal)));
    }

    private static string? Fact(Schema schema, string member) => schema.Name is { } type && Facts.Value.TryGetValue((type, member), out string? fact) ? fact : null;

    internal static Plan PlanOf(Schema schema) => Plans.GetValue(schema, static s => new Plan(s));

    /// <summary>The facts of one type.</summary>
    internal sealed class Plan
    {
        /// <summary>By member; most have none.</summary>
        private readonly FrozenDictionary<string, string> facts;
        private readonly FrozenSet<string> required;
        private readonly FrozenSet<string> writtenNames;
        private readonly (string Name, Schema Member)[] nested;

        public Plan(Schema schema)
        {
            facts = schema.Properties.Keys.Select(name => (name, Fact: GoShape.Fact(schema, name))).Where(x => x.Fact is not null).ToFrozenDictionary(x => x.name, x => x.Fact!, StringComparer.Ordinal);
            nested = [.. schema.Properties.Where(p => IsNestedStruct(schema, p.Key, p.Value)).Select(p => (p.Key, p.Value))];
            required = schema.Required.ToFrozenSet(StringComparer.Ordinal);
            Written = [.. schema.Properties.Where(p => IsAlwaysWritten(schema, p.Key, p.Value)).Select(p => (p.Key, p.Value))];
            writtenNames = Written.Select(w => w.Name).ToFrozenSet(StringComparer.Ordinal);
        }

        public (string Name, Schema Member)[] Written { get; }

        public bool IsWritten(string name) => writtenNames.Contains(name);

        public string? Fact(string name) => facts.GetValueOrDefault(name);

        /// <summary>Writes the nested structs that Go always writes.</summary>
        public void Complete(JsonObject json)
        {
            foreach ((string name, Schema member) in nested)
            {
                if (!json.ContainsKey(name))
                {
                    var within = new JsonObject();
                    PlanOf(member).Complete(within);
                    json[name] = within;
                }
            }
        }

        public bool IsOmitted(string name, Schema member, JsonNode value)
        {
            string? fact = Fact(name);
            if (fact is "write" or "keep" or "null" || (fact != "omit" && required.Contains(name)))
            {
                return false;
            }

            return value switch
            {
                JsonArray array => member.Type == SchemaType.Array && array.Count == 0,
                JsonObject json => member.Type == SchemaType.Object && member.AdditionalProperties is not null && json.Count == 0,
                _ => value.GetValueKind() switch
                {
                    JsonValueKind.String => member.Type == SchemaType.String && member.Format != "date-time" && value.GetValue<string>().Length == 0,
                    JsonValueKind.False => fact == "omit",
                    JsonValueKind.Number => fact == "omit" && value.ToJsonString() == "0",
                    _ => false,
                },
            };
        }
    }
}
