using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Schemas;

/// <summary>Builds one type and all that it refers to. Types refer to each other in circles, so a reference that carries facts of its own is completed at the end.</summary>
internal sealed class BuiltinSchemaBuilder(Func<string, JsonElement> facts, IReadOnlyDictionary<string, Schema> known)
{
    public const string Quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    public const string IntOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
    public const string SchemaProps = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
    public const string AnyJson = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON";

    private static readonly FrozenSet<string> Raw = FrozenSet.ToFrozenSet(
        ["io.k8s.apimachinery.pkg.runtime.RawExtension", "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", "io.k8s.apimachinery.pkg.apis.meta.v1.Patch", AnyJson], StringComparer.Ordinal);

    private readonly Dictionary<string, Schema> made = new(StringComparer.Ordinal);
    private readonly List<(Schema Use, Schema Target)> uses = [];

    public Schema Build(string name)
    {
        if (known.TryGetValue(name, out Schema? schema) || made.TryGetValue(name, out schema))
        {
            return schema;
        }

        JsonElement json = facts(name);
        schema = Make(name, json, null);
        made[name] = schema;
        Fill(schema, json);
        return schema;
    }

    public IReadOnlyDictionary<string, Schema> Finish()
    {
        foreach ((Schema use, Schema target) in uses)
        {
            use.Properties = target.Properties;
            use.AdditionalProperties = target.AdditionalProperties;
            use.Items = target.Items;
        }

        return made;
    }

    private Schema Field(JsonElement json)
    {
        if (!json.TryGetProperty("r", out JsonElement reference))
        {
            Schema inline = Make(null, json, null);
            Fill(inline, json);
            return inline;
        }

        Schema target = Build(BuiltinTypes.Stem + reference.GetString());
        if (json.EnumerateObject().Count() == 1)
        {
            return target;
        }

        Schema use = Make(target.Name, json, target);
        uses.Add((use, target));
        return use;
    }

    private void Fill(Schema schema, JsonElement json)
    {
        if (json.TryGetProperty("f", out JsonElement fields))
        {
            var properties = new Dictionary<string, Schema>(StringComparer.Ordinal);
            foreach (JsonProperty field in fields.EnumerateObject())
            {
                properties[MemberNames.Add(field.Name)] = Field(field.Value);
            }

            schema.Properties = properties;
        }

        if (json.TryGetProperty("v", out JsonElement values))
        {
            schema.AdditionalProperties = Field(values);
        }

        if (json.TryGetProperty("i", out JsonElement items))
        {
            schema.Items = Field(items);
        }
    }

    /// <param name="target">The type that a field refers to; facts that the field does not state are the type's.</param>
    private static Schema Make(string? name, JsonElement json, Schema? target) => new()
    {
        Name = name,
        Type = json.TryGetProperty("t", out JsonElement t) ? TypeOf(t.GetString()!) : target?.Type ?? SchemaType.Any,
        Format = json.TryGetProperty("m", out JsonElement m) ? m.GetString() : target?.Format ?? (name == Quantity ? "quantity" : null),
        Required = json.TryGetProperty("q", out JsonElement q) ? Strings(q) : target?.Required ?? [],
        Default = json.TryGetProperty("d", out JsonElement d) ? JsonValue.Create(d) : target?.Default,
        Enum = json.TryGetProperty("e", out JsonElement e) ? [.. e.EnumerateArray().Select(x => (JsonNode?)JsonValue.Create(x))] : target?.Enum ?? [],
        ListType = json.TryGetProperty("l", out JsonElement l) ? l.GetString() switch { "s" => ListType.Set, "m" => ListType.Map, _ => ListType.Atomic } : target?.ListType ?? ListType.Atomic,
        HasListType = json.TryGetProperty("l", out _) || target is { HasListType: true },
        ListMapKeys = json.TryGetProperty("k", out JsonElement k) ? Strings(k) : target?.ListMapKeys ?? [],
        AtomicMap = json.TryGetProperty("a", out _) || target is { AtomicMap: true },
        PatchMergeKey = json.TryGetProperty("p", out JsonElement p) ? p.GetString() : target?.PatchMergeKey,
        PatchStrategies = json.TryGetProperty("s", out JsonElement s) ? Strings(s) : target?.PatchStrategies ?? [],
        IntOrString = name == IntOrString,
        PreserveUnknownFields = name is not null && Raw.Contains(name),
    };

    private static SchemaType TypeOf(string letter) => letter switch
    {
        "o" => SchemaType.Object,
        "A" => SchemaType.Array,
        "s" => SchemaType.String,
        "i" => SchemaType.Integer,
        "n" => SchemaType.Number,
        "b" => SchemaType.Boolean,
        _ => throw new InvalidOperationException($"The embedded types hold an unknown type letter '{letter}'."),
    };

    private static string[] Strings(JsonElement list) => [.. list.EnumerateArray().Select(x => x.GetString()!)];
}
