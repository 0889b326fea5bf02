using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Cel.Rules;

namespace Orrery.Machinery.Schemas;

/// <summary>
/// Whether an author's schema is one that objects can be pruned, defaulted and merged by
/// (apiextensions <c>pkg/apiserver/schema/validation.go</c> and <c>pkg/apis/apiextensions/validation</c>).
/// </summary>
internal sealed class StructuralSchemaValidation
{
    private static readonly string[] Unsupported = ["id", "patternProperties", "definitions", "dependencies", "additionalItems"];
    private static readonly string[] Types = ["string", "number", "integer", "boolean", "object", "array"];

    private static readonly string[] StructureOnly =
        ["type", "default", "additionalProperties", "nullable", "title", "description", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string",
            "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type", "x-kubernetes-validations"];

    private readonly List<FieldError> errors = [];

    /// <param name="path">Where the schema stands, such as <c>spec.validation.openAPIV3Schema</c>.</param>
    public static IReadOnlyList<FieldError> Validate(JsonObject schema, string path)
    {
        // What cannot even be read as a schema hides all that its structure might lack.
        var forbidden = new StructuralSchemaValidation();
        forbidden.Forbidden(schema, path);
        if (forbidden.errors.Count > 0)
        {
            return forbidden.errors;
        }

        var structure = new StructuralSchemaValidation();
        structure.Root(schema, path);
        if (structure.errors.Count == 0)
        {
            structure.Defaults(schema, path);
            structure.errors.AddRange(RuleDefinitions.Validate(schema, path));
        }

        return structure.errors;
    }

    private void Forbidden(JsonObject schema, string path)
    {
        if (schema["$ref"] is not null)
        {
            Add(FieldError.Forbidden($"{path}.$ref", "$ref is not supported"));
        }

        foreach (string member in Unsupported.Where(schema.ContainsKey))
        {
            Add(FieldError.Forbidden($"{path}.{member}", $"{member} is not supported"));
        }

        if (schema.Flag("uniqueItems"))
        {
            Add(FieldError.Forbidden($"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"));
        }

        if (schema["additionalProperties"]?.GetValueKind() == JsonValueKind.False)
        {
            Add(FieldError.Forbidden($"{path}.additionalProperties", "additionalProperties cannot be set to false"));
        }

        if (schema["additionalProperties"] is JsonObject or JsonValue && schema["properties"] is JsonObject { Count: > 0 })
        {
            Add(FieldError.Forbidden($"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive"));
        }

        if (schema["items"] is JsonArray)
        {
            Add(FieldError.Forbidden($"{path}.items", "items must be a schema object and not an array"));
        }

        if (schema["x-kubernetes-preserve-unknown-fields"]?.GetValueKind() == JsonValueKind.False)
        {
            Add(FieldError.Invalid($"{path}.x-kubernetes-preserve-unknown-fields", false, "must be true or undefined"));
        }

        if (schema.Text("pattern") is { } pattern && PatternFault(pattern) is { } fault)
        {
            Add(FieldError.Invalid($"{path}.pattern", pattern, $"must be a valid regular expression, but isn't: {fault}"));
        }

        foreach ((JsonObject below, string at) in Below(schema, path))
        {
            Forbidden(below, at);
        }
    }

    private void Root(JsonObject schema, string path)
    {
        if (schema.Text("type") is not { Length: > 0 } type)
        {
            Add(FieldError.Required($"{path}.type", "must not be empty at the root"));
        }
        else if (type != "object")
        {
            Add(FieldError.Invalid($"{path}.type", type, "must be object at the root"));
        }

        if (schema["properties"] is JsonObject properties && properties["metadata"] is JsonObject metadata)
        {
            string[] allowed = ["type", "description", "properties", "required"];
            bool plain = metadata.All(m => allowed.Contains(m.Key)) && (metadata["properties"] is not JsonObject p || p.All(m => m.Key is "name" or "generateName"));
            if (!plain)
            {
                Add(FieldError.Forbidden($"{path}.properties[metadata]", "must not specify anything other than name and generateName, but metadata is implicitly specified"));
            }
        }

        Node(schema, path, "must not be empty at the root", isRoot: true);
    }

    /// <param name="missing">What to say of a type that is not given.</param>
    private void Node(JsonObject schema, string path, string missing, bool isRoot = false)
    {
        string? type = schema.Text("type");
        bool intOrString = schema.Flag("x-kubernetes-int-or-string"), free = schema.Flag("x-kubernetes-preserve-unknown-fields");
        if (intOrString && !string.IsNullOrEmpty(type))
        {
            Add(FieldError.Invalid($"{path}.type", type, "must be empty if x-kubernetes-int-or-string is true"));
        }
        else if (string.IsNullOrEmpty(type) && !intOrString && !free && !isRoot)
        {
            Add(FieldError.Required($"{path}.type", missing));
        }
        else if (!string.IsNullOrEmpty(type) && !Types.Contains(type))
        {
            Add(FieldError.NotSupported($"{path}.type", type, "array", "boolean", "integer", "number", "object", "string"));
        }

        if (schema.Flag("x-kubernetes-embedded-resource"))
        {
            if (type != "object")
            {
                Add(string.IsNullOrEmpty(type) ? FieldError.Required($"{path}.type", "must be object if x-kubernetes-embedded-resource is true") : FieldError.Invalid($"{path}.type", type, "must be object if x-kubernetes-embedded-resource is true"));
            }

            if (!free && schema["properties"] is not JsonObject { Count: > 0 })
            {
                Add(FieldError.Required($"{path}.properties", "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"));
            }
        }

        if (type == "array" && schema["items"] is null)
        {
            Add(FieldError.Required($"{path}.items", "must be specified"));
        }

        ListFacts(schema, path, type);
        foreach (string combinator in (string[])["allOf", "anyOf", "oneOf"])
        {
            if (schema[combinator] is JsonArray list)
            {
                for (int i = 0; i < list.Count; i++)
                {
                    if (list[i] is JsonObject of)
                    {
                        ValueOnly(of, schema, string.Create(CultureInfo.InvariantCulture, $"{path}.{combinator}[{i}]"), intOrString);
                    }
                }
            }
        }

        if (schema["not"] is JsonObject not)
        {
            ValueOnly(not, schema, $"{path}.not", intOrString);
        }

        if (schema["properties"] is JsonObject properties)
        {
            foreach ((string name, JsonNode? property) in properties)
            {
                if (property is JsonObject below && !(isRoot && CustomSchema.IsMeta(name)))
                {
                    Node(below, $"{path}.properties[{name}]", "must not be empty for specified object fields");
                }
            }
        }

        if (schema["items"] is JsonObject items)
        {
            Node(items, $"{path}.items", "must not be empty for specified array items");
        }

        if (schema["additionalProperties"] is JsonObject values)
        {
            Node(values, $"{path}.additionalProperties", "must not be empty for specified object fields");
        }
    }

    private void ListFacts(JsonObject schema, string path, string? type)
    {
        string? list = schema.Text("x-kubernetes-list-type");
        string[] keys = schema["x-kubernetes-list-map-keys"] is JsonArray array ? [.. array.Select(k => k?.ToString() ?? "")] : [];
        string keysPath = $"{path}.x-kubernetes-list-map-keys";
        if (schema.Text("x-kubernetes-map-type") is { } map)
        {
            if (type != "object")
            {
                Add(FieldError.Invalid($"{path}.type", type ?? "", "must be object if x-kubernetes-map-type is specified"));
            }

            if (map is not ("granular" or "atomic"))
            {
                Add(FieldError.NotSupported($"{path}.x-kubernetes-map-type", map, "atomic", "granular"));
            }
        }

        if (list is null)
        {
            return;
        }

        if (type != "array")
        {
            Add(FieldError.Invalid($"{path}.type", type ?? "", "must be array if x-kubernetes-list-type is specified"));
        }

        if (list is not ("atomic" or "set" or "map"))
        {
            Add(FieldError.NotSupported($"{path}.x-kubernetes-list-type", list, "atomic", "map", "set"));
        }

        if (list != "map")
        {
            if (keys.Length > 0)
            {
                Add(FieldError.Forbidden(keysPath, "must be empty if x-kubernetes-list-type is not map"));
            }

            return;
        }

        if (keys.Length == 0)
        {
            Add(FieldError.Required(keysPath, "must not be empty if x-kubernetes-list-type is map"));
            return;
        }

        var items = schema["items"] as JsonObject;
        var properties = items?["properties"] as JsonObject;
        string[] required = items?["required"] is JsonArray r ? [.. r.Select(x => x?.ToString() ?? "")] : [];
        for (int i = 0; i < keys.Length; i++)
        {
            if (properties?[keys[i]] is not JsonObject property)
            {
                Add(FieldError.Invalid(string.Create(CultureInfo.InvariantCulture, $"{keysPath}[{i}]"), keys[i], "must be a name of an item property"));
            }
            else if (!required.Contains(keys[i]) && property["default"] is null)
            {
                Add(FieldError.Required($"{path}.items.properties[{keys[i]}].default", "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"));
            }
        }

        if (keys.Distinct(StringComparer.Ordinal).Count() < keys.Length)
        {
            Add(FieldError.Invalid(keysPath, schema["x-kubernetes-list-map-keys"]!.DeepClone(), "must not contain duplicate entries"));
        }
    }

    /// <summary>Inside a combinator only values are judged: the structure must stand outside.</summary>
    private void ValueOnly(JsonObject schema, JsonObject outside, string path, bool intOrString)
    {
        foreach (string member in StructureOnly.Where(schema.ContainsKey))
        {
            // The one form of int-or-string that upstream lets repeat the types.
            if (!(member == "type" && intOrString && schema.Text("type") is "integer" or "string"))
            {
                Add(FieldError.Forbidden($"{path}.{member}", "must be empty to be structural"));
            }
        }

        if (schema["properties"] is JsonObject properties)
        {
            foreach ((string name, JsonNode? property) in properties)
            {
                if (outside["properties"] is not JsonObject known || known[name] is not JsonObject same)
                {
                    Add(FieldError.Required($"{OutsideOf(path)}.properties[{name}]", $"because it is defined in {path}.properties[{name}]"));
                }
                else if (property is JsonObject below)
                {
                    ValueOnly(below, same, $"{path}.properties[{name}]", same.Flag("x-kubernetes-int-or-string"));
                }
            }
        }

        if (schema["items"] is JsonObject items)
        {
            if (outside["items"] is JsonObject same)
            {
                ValueOnly(items, same, $"{path}.items", same.Flag("x-kubernetes-int-or-string"));
            }
            else
            {
                Add(FieldError.Required($"{OutsideOf(path)}.items", $"because it is defined in {path}.items"));
            }
        }
    }

    private void Defaults(JsonObject schema, string path)
    {
        if (schema["default"] is { } value)
        {
            Schema compiled = CustomSchema.Read(schema);
            JsonNode copy = value.DeepClone();
            IReadOnlyList<string> unknown = Pruning.Apply(copy, compiled, compiled.EmbeddedResource);
            if (unknown.Count > 0)
            {
                Add(FieldError.Invalid($"{path}.default", value.DeepClone(), $"must not have unknown fields: {string.Join(", ", unknown)}"));
            }

            Defaulting.Within(copy, compiled);
            errors.AddRange(new ValueValidator().Validate(copy, compiled, "").Select(e => e with { Field = e.Field is "" or "<nil>" ? $"{path}.default" : $"{path}.default.{e.Field}" }));
        }

        foreach ((JsonObject below, string at) in Below(schema, path))
        {
            Defaults(below, at);
        }
    }

    private static IEnumerable<(JsonObject Schema, string Path)> Below(JsonObject schema, string path)
    {
        foreach (string member in (string[])["items", "additionalProperties", "not"])
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

        foreach (string combinator in (string[])["allOf", "anyOf", "oneOf"])
        {
            int i = 0;
            foreach (JsonNode? of in schema[combinator] as JsonArray ?? [])
            {
                string at = string.Create(CultureInfo.InvariantCulture, $"{path}.{combinator}[{i++}]");
                if (of is JsonObject below)
                {
                    yield return (below, at);
                }
            }
        }
    }

    private static string OutsideOf(string path)
    {
        int cut = new[] { ".allOf[", ".anyOf[", ".oneOf[", ".not" }.Select(c => path.IndexOf(c, StringComparison.Ordinal)).Where(i => i >= 0).DefaultIfEmpty(path.Length).Min();
        return path[..cut];
    }

    private static string? PatternFault(string pattern)
    {
        try
        {
            Re2.Compile(pattern);
            return null;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return $"error parsing regexp: {e.Message}";
        }
    }

    private void Add(FieldError error) => errors.Add(error);
}
