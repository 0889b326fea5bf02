using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Cel.Rules;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>What each schema within a definition may say, whatever stands around it (apiextensions <c>pkg/apis/apiextensions/validation</c>).</summary>
internal sealed class SchemaRules
{
    private static readonly string[] Unsupported = ["id", "patternProperties", "definitions", "dependencies", "additionalItems", "$ref"];
    private static readonly string[] Types = ["array", "boolean", "integer", "number", "object", "string"];

    private readonly List<FieldError> errors = [];

    /// <summary>
    /// What a schema of OpenAPI may say but none of Kubernetes; while it stands, nothing can be told about the structure.
    /// </summary>
    public static bool IsReadable(JsonObject schema) =>
        !Unsupported.Any(schema.ContainsKey) && schema["items"] is not JsonArray && !schema.Flag("uniqueItems") && !IsFalse(schema["x-kubernetes-preserve-unknown-fields"])
        && !HasBoth(schema) && SchemaTree.Below(schema, "").All(s => IsReadable(s.Schema));

    public static IReadOnlyList<FieldError> Validate(JsonObject schema, string path)
    {
        var rules = new SchemaRules();
        rules.Visit(schema, path, inMeta: false, defaultsForbidden: null, isRoot: true);
        return rules.errors;
    }

    /// <param name="inMeta">Within apiVersion, kind or metadata, of the object or of one embedded in it.</param>
    /// <param name="defaultsForbidden">Why there can be no defaults here; null where there can.</param>
    private void Visit(JsonObject schema, string path, bool inMeta, string? defaultsForbidden, bool isRoot)
    {
        OfOpenApi(schema, path, inMeta, defaultsForbidden);
        if (schema.Flag("uniqueItems"))
        {
            errors.Add(FieldError.Forbidden($"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"));
        }

        if (HasBoth(schema))
        {
            errors.Add(FieldError.Forbidden($"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive"));
        }

        if (schema["additionalProperties"] is JsonObject values)
        {
            Visit(values, $"{path}.additionalProperties", inMeta, inMeta ? "inside additionalProperties applying to object metadata" : defaultsForbidden, isRoot: false);
        }

        foreach ((string name, JsonNode? property) in schema["properties"] as JsonObject ?? [])
        {
            if (property is JsonObject below)
            {
                bool meta = (isRoot || schema.Flag("x-kubernetes-embedded-resource")) && CustomSchema.IsMeta(name);
                Visit(below, $"{path}.properties[{name}]", inMeta || meta, isRoot && meta ? $"in top-level {name}" : defaultsForbidden, isRoot: false);
            }
        }

        foreach ((JsonObject below, string at) in SchemaTree.Nested(schema, path))
        {
            Visit(below, at, inMeta, defaultsForbidden, isRoot: false);
        }

        if (schema["items"] is JsonObject items)
        {
            Visit(items, $"{path}.items", inMeta, defaultsForbidden, isRoot: false);
        }

        if (IsFalse(schema["x-kubernetes-preserve-unknown-fields"]))
        {
            errors.Add(FieldError.Invalid($"{path}.x-kubernetes-preserve-unknown-fields", false, "must be true or undefined"));
        }

        errors.AddRange(ListRules.Validate(schema, path));
        RuleDefinitions.ValidateTexts(schema, path, errors);
    }

    private void OfOpenApi(JsonObject schema, string path, bool inMeta, string? defaultsForbidden)
    {
        string type = schema.Text("type") ?? "";
        if (type.Length > 0 && !Types.Contains(type))
        {
            errors.Add(FieldError.NotSupported($"{path}.type", type, Types));
        }

        if (schema["default"] is not null && defaultsForbidden is not null)
        {
            errors.Add(FieldError.Forbidden($"{path}.default", $"must not be set {defaultsForbidden}"));
        }

        foreach (string member in Unsupported.Where(schema.ContainsKey))
        {
            errors.Add(FieldError.Forbidden($"{path}.{member}", $"{member} is not supported"));
        }

        if (type == "null")
        {
            errors.Add(FieldError.Forbidden($"{path}.type", "type cannot be set to null, use nullable as an alternative"));
        }

        if (schema["items"] is JsonArray)
        {
            errors.Add(FieldError.Forbidden($"{path}.items", "items must be a schema object and not an array"));
        }

        if (inMeta && schema.Flag("x-kubernetes-embedded-resource"))
        {
            errors.Add(FieldError.Forbidden($"{path}.x-kubernetes-embedded-resource", "must not be used inside of resource meta"));
        }
    }

    private static bool HasBoth(JsonObject schema) =>
        schema["properties"] is JsonObject { Count: > 0 } && (schema["additionalProperties"] is JsonObject || IsFalse(schema["additionalProperties"]));

    private static bool IsFalse(JsonNode? node) => node?.GetValueKind() == JsonValueKind.False;
}
