using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Schemas;

/// <summary>Compiles the schema of a CustomResourceDefinition's version. What <see cref="Definitions.DefinitionValidation"/> refuses is read leniently here.</summary>
public static class CustomSchema
{
    private static readonly string[] Meta = ["apiVersion", "kind", "metadata"];

    /// <summary>What <c>additionalProperties: true</c> says of each value: nothing.</summary>
    internal static readonly Schema Anything = new() { PreserveUnknownFields = true };

    /// <summary>
    /// The root schema: apiVersion, kind and metadata are typed as in every kind, whether the author named them or not.
    /// <see cref="Schema.Source"/> is <paramref name="openApiV3Schema"/> itself, which must not change afterwards.
    /// </summary>
    public static Schema Parse(JsonObject openApiV3Schema)
    {
        Schema root = Read(openApiV3Schema, openApiV3Schema);
        var properties = new Dictionary<string, Schema>(root.Properties, StringComparer.Ordinal)
        {
            ["apiVersion"] = new() { Type = SchemaType.String },
            ["kind"] = new() { Type = SchemaType.String },
            ["metadata"] = Metadata(root.Properties.GetValueOrDefault("metadata")),
        };
        root.Properties = properties;
        return root;
    }

    /// <summary>One schema below a root: no implicit members.</summary>
    internal static Schema Read(JsonObject json, JsonObject? source = null)
    {
        bool embedded = json.Flag("x-kubernetes-embedded-resource");
        var schema = new Schema
        {
            Type = json.Text("type") switch
            {
                "object" => SchemaType.Object,
                "array" => SchemaType.Array,
                "string" => SchemaType.String,
                "integer" => SchemaType.Integer,
                "number" => SchemaType.Number,
                "boolean" => SchemaType.Boolean,
                _ => SchemaType.Any,
            },
            // A format that nobody looks at is none.
            Format = json.Text("format") is { Length: > 0 } format && Definitions.SchemaFormats.IsRecognized(json.Text("type") ?? "", format) ? format : null,
            Required = Texts(json["required"]),
            Default = json["default"],
            Enum = json["enum"] is JsonArray values ? [.. values] : [],
            Nullable = json.Flag("nullable"),
            ListType = json.Text("x-kubernetes-list-type") switch { "set" => ListType.Set, "map" => ListType.Map, _ => ListType.Atomic },
            HasListType = json.ContainsKey("x-kubernetes-list-type"),
            ListMapKeys = Texts(json["x-kubernetes-list-map-keys"]),
            AtomicMap = json.Text("x-kubernetes-map-type") == "atomic",
            IntOrString = json.Flag("x-kubernetes-int-or-string"),
            PreserveUnknownFields = json.Flag("x-kubernetes-preserve-unknown-fields"),
            EmbeddedResource = embedded,
            Rules = ReadRules(json),
            Source = source,
        };
        if (json["properties"] is JsonObject properties)
        {
            schema.Properties = properties.Where(p => p.Value is JsonObject).ToDictionary(p => p.Key, p => Read(p.Value!.AsObject()), StringComparer.Ordinal);
        }

        if (embedded)
        {
            var typed = new Dictionary<string, Schema>(schema.Properties, StringComparer.Ordinal);
            typed.TryAdd("apiVersion", new Schema { Type = SchemaType.String });
            typed.TryAdd("kind", new Schema { Type = SchemaType.String });
            typed["metadata"] = Metadata(schema.Properties.GetValueOrDefault("metadata"));
            schema.Properties = typed;
        }

        schema.AdditionalProperties = json["additionalProperties"] switch
        {
            JsonObject of => Read(of),
            JsonValue flag when flag.GetValueKind() == JsonValueKind.True => Anything,
            _ => null,
        };
        schema.Items = json["items"] is JsonObject items ? Read(items) : null;
        return schema;
    }

    /// <summary>Whether anything below has a default.</summary>
    public static bool HasDefaults(Schema schema) =>
        schema.Default is not null
        || schema.Properties.Any(p => p.Value.Name is null && HasDefaults(p.Value))
        || (schema.Items is { } items && HasDefaults(items))
        || (schema.AdditionalProperties is { } values && HasDefaults(values));

    /// <summary>Whether rules in CEL stand anywhere in a schema: only then does upstream say that they were not checked.</summary>
    internal static bool HasValidations(Schema schema) =>
        schema.Rules is { Validations.Count: > 0 }
        || schema.Properties.Any(p => p.Value.Name is null && HasValidations(p.Value))
        || (schema.Items is { } items && HasValidations(items))
        || (schema.AdditionalProperties is { } values && HasValidations(values));

    /// <summary>The usual metadata, with what the author asks of name and generateName.</summary>
    private static Schema Metadata(Schema? authored)
    {
        Schema usual = TypedDecoding.ObjectMetaSchema;
        if (authored is null || authored.Properties.Count == 0)
        {
            return usual;
        }

        var properties = new Dictionary<string, Schema>(usual.Properties, StringComparer.Ordinal);
        foreach (string name in (string[])["name", "generateName"])
        {
            if (authored.Properties.TryGetValue(name, out Schema? restricted))
            {
                properties[name] = restricted;
            }
        }

        return new Schema { Name = usual.Name, Type = SchemaType.Object, Required = authored.Required, Properties = properties };
    }

    private static ValueRules? ReadRules(JsonObject json)
    {
        var rules = new ValueRules
        {
            Minimum = json.Number("minimum"),
            Maximum = json.Number("maximum"),
            ExclusiveMinimum = json.Flag("exclusiveMinimum"),
            ExclusiveMaximum = json.Flag("exclusiveMaximum"),
            MultipleOf = json.Number("multipleOf"),
            MinLength = (long?)json.Number("minLength"),
            MaxLength = (long?)json.Number("maxLength"),
            Pattern = json.Text("pattern"),
            MinItems = (long?)json.Number("minItems"),
            MaxItems = (long?)json.Number("maxItems"),
            UniqueItems = json.Flag("uniqueItems"),
            MinProperties = (long?)json.Number("minProperties"),
            MaxProperties = (long?)json.Number("maxProperties"),
            AllOf = Schemas(json["allOf"]),
            AnyOf = Schemas(json["anyOf"]),
            OneOf = Schemas(json["oneOf"]),
            Not = json["not"] is JsonObject not ? Read(not) : null,
            Validations = json["x-kubernetes-validations"] is JsonArray list ? [.. list.OfType<JsonObject>()] : [],
        };
        string[] ruled = ["minimum", "maximum", "multipleOf", "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems",
            "minProperties", "maxProperties", "allOf", "anyOf", "oneOf", "not", "x-kubernetes-validations"];
        return ruled.Any(json.ContainsKey) ? rules : null;
    }

    private static Schema[] Schemas(JsonNode? list) => list is JsonArray array ? [.. array.OfType<JsonObject>().Select(s => Read(s))] : [];

    private static string[] Texts(JsonNode? list) =>
        list is JsonArray array ? [.. array.Where(x => x?.GetValueKind() == JsonValueKind.String).Select(x => x!.GetValue<string>())] : [];

    internal static bool IsMeta(string member) => Meta.Contains(member, StringComparer.Ordinal);
}
