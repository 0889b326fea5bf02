using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Cel.Rules;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>
/// Whether an author's schema is one that objects can be pruned, defaulted and merged by: every field has its type outside of
/// <c>not</c>, <c>allOf</c>, <c>anyOf</c> and <c>oneOf</c>, which only judge values (apiextensions <c>pkg/apiserver/schema</c>).
/// </summary>
internal sealed class StructuralSchemaValidation
{
    private static readonly string[] BesideStatus =
    [
        "description", "type", "format", "title", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems",
        "multipleOf", "required", "items", "properties", "externalDocs", "example", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
    ];

    private static readonly string[] BesideStatusInGo = [.. BesideStatus.Select(InGo)];

    private readonly List<FieldError> errors = [];

    /// <param name="path">Where the schema stands, such as <c>spec.validation.openAPIV3Schema</c>.</param>
    /// <param name="hasStatus">The status is a subresource, and judged by its part of the schema alone: so the root may say little.</param>
    /// <param name="metadata">The rules for the metadata of embedded objects; null leaves it unchecked.</param>
    public static IReadOnlyList<FieldError> Validate(JsonObject schema, string path, bool hasStatus = false, Func<JsonObject, IReadOnlyList<FieldError>>? metadata = null)
    {
        var all = new List<FieldError>();
        if (hasStatus)
        {
            Root(schema, path, all);
        }

        if (schema.Flag("nullable"))
        {
            all.Add(FieldError.Forbidden($"{path}.nullable", "nullable cannot be true at the root"));
        }

        // What cannot even be read as a schema hides all that its structure might lack.
        bool isSound = SchemaRules.IsReadable(schema);
        if (isSound)
        {
            var structure = new StructuralSchemaValidation();
            structure.Node(schema, path, "must not be empty at the root", isRoot: true);
            structure.Complete(schema, schema, path, path);
            List<FieldError> found = [.. structure.errors.OrderBy(e => $"{e.Field}: {e.Body}", StringComparer.Ordinal)];
            if (found.Count == 0)
            {
                found.AddRange(DefaultRules.Validate(schema, path, metadata));
            }

            all.AddRange(found);
            isSound = found.Count == 0;
        }

        IReadOnlyList<FieldError> rules = SchemaRules.Validate(schema, path);
        all.AddRange(rules);
        if (isSound)
        {
            all.AddRange(RuleDefinitions.Validate(schema, path, [.. rules.Select(r => r.Field)]));
        }

        return all;
    }

    /// <summary>What the root may say beside a status of its own. Upstream stops at the first member, in the order of its type.</summary>
    private static void Root(JsonObject schema, string path, List<FieldError> errors)
    {
        if (schema.Text("type") is { Length: > 0 } type && type != "object")
        {
            errors.Add(FieldError.Invalid($"{path}.type", type, "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled"));
        }
        else if (schema.Any(member => !BesideStatus.Contains(member.Key, StringComparer.Ordinal) && !InternalSchema.IsZero(member.Value)))
        {
            errors.Add(FieldError.Invalid(path, InternalSchema.Of(schema), $"only [{string.Join(' ', BesideStatusInGo)}] fields are allowed at the root of the schema if the status subresource is enabled"));
        }
    }

    /// <param name="missing">What to say of a type that is not given.</param>
    private void Node(JsonObject schema, string path, string missing, bool isRoot = false)
    {
        string type = schema.Text("type") ?? "";
        bool intOrString = schema.Flag("x-kubernetes-int-or-string"), free = schema.Flag("x-kubernetes-preserve-unknown-fields"), embedded = schema.Flag("x-kubernetes-embedded-resource");
        if (type == "array" && schema["items"] is null)
        {
            Add(FieldError.Required($"{path}.items", "must be specified"));
        }

        if (isRoot && schema["additionalProperties"] is not null)
        {
            Add(FieldError.Forbidden($"{path}.additionalProperties", "must not be used at the root"));
        }

        Below(schema, path);
        if (intOrString && free)
        {
            Add(FieldError.Invalid($"{path}.x-kubernetes-preserve-unknown-fields", true, "must be false if x-kubernetes-int-or-string is true"));
        }

        if (intOrString && embedded)
        {
            Add(FieldError.Invalid($"{path}.x-kubernetes-embedded-resource", true, "must be false if x-kubernetes-int-or-string is true"));
        }

        Values(schema, path, IsIntOrString(schema["anyOf"]), (schema["allOf"] as JsonArray)?.FirstOrDefault() is JsonObject first && IsIntOrString(first["anyOf"]));
        if (embedded && type != "object")
        {
            const string Detail = "must be object if x-kubernetes-embedded-resource is true";
            Add(type.Length == 0 ? FieldError.Required($"{path}.type", Detail) : FieldError.Invalid($"{path}.type", type, Detail));
        }
        else if (type.Length == 0 && !intOrString && !free)
        {
            Add(FieldError.Required($"{path}.type", missing));
        }

        if (embedded && schema["additionalProperties"] is not null)
        {
            Add(FieldError.Forbidden($"{path}.additionalProperties", "must not be used if x-kubernetes-embedded-resource is set"));
        }

        if (isRoot && type is not ("" or "object"))
        {
            Add(FieldError.Invalid($"{path}.type", type, "must be object at the root"));
        }

        Meta(schema, path, isRoot, isRoot || embedded);
        if (embedded && !free && schema["properties"] is not JsonObject { Count: > 0 })
        {
            Add(FieldError.Required($"{path}.properties", "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"));
        }
    }

    private void Below(JsonObject schema, string path)
    {
        foreach ((JsonObject below, string at) in SchemaTree.Structure(schema, path))
        {
            Node(below, at, at.EndsWith(".items", StringComparison.Ordinal) && ReferenceEquals(below, schema["items"]) ? "must not be empty for specified array items" : "must not be empty for specified object fields");
        }
    }

    /// <summary>apiVersion, kind and metadata are typed by Kubernetes; an author may add to the names alone.</summary>
    private void Meta(JsonObject schema, string path, bool isRoot, bool isResource)
    {
        if (schema["properties"] is not JsonObject properties)
        {
            return;
        }

        foreach (string member in (string[])["kind", "apiVersion"])
        {
            if (isResource && properties[member] is JsonObject typed && typed.Text("type") != "string")
            {
                Add(FieldError.Invalid($"{path}.properties[{member}].type", typed.Text("type") ?? "", "must be string"));
            }
        }

        if (properties["metadata"] is not JsonObject metadata)
        {
            return;
        }

        if (isResource && metadata.Text("type") != "object")
        {
            Add(FieldError.Invalid($"{path}.properties[metadata].type", metadata.Text("type") ?? "", "must be object"));
        }

        bool plain = metadata.All(m => m.Key is "type" or "properties" or "default" or "required" or "format" or "pattern")
            && (metadata["properties"] is not JsonObject { Count: > 0 } names || names.All(n => n.Key is "name" or "generateName"));
        if (isRoot && !plain)
        {
            Add(FieldError.Forbidden($"{path}.properties[metadata]", "must not specify anything other than name and generateName, but metadata is implicitly specified"));
        }
    }

    /// <param name="skipAnyOf">The two forms in which a schema spells out int-or-string are let pass.</param>
    private void Values(JsonObject schema, string path, bool skipAnyOf, bool skipFirstAllOf)
    {
        if (!skipAnyOf)
        {
            NestedAll(schema, "anyOf", path);
        }

        bool first = true;
        foreach ((JsonObject of, string at) in SchemaTree.Members(schema, "allOf", path))
        {
            Nested(of, at, first && skipFirstAllOf);
            first = false;
        }

        NestedAll(schema, "oneOf", path);
        if (schema["not"] is JsonObject not)
        {
            Nested(not, $"{path}.not", skipAnyOf: false);
        }

        if (schema.Text("pattern") is { Length: > 0 } pattern && Re2.Fault(pattern) is { } fault)
        {
            Add(FieldError.Invalid($"{path}.pattern", pattern, $"must be a valid regular expression, but isn't: {fault}"));
        }
    }

    private void NestedAll(JsonObject schema, string combinator, string path)
    {
        foreach ((JsonObject of, string at) in SchemaTree.Members(schema, combinator, path))
        {
            Nested(of, at, skipAnyOf: false);
        }
    }

    private void Nested(JsonObject schema, string path, bool skipAnyOf)
    {
        Values(schema, path, skipAnyOf, skipFirstAllOf: false);
        foreach ((JsonObject below, string at) in SchemaTree.Structure(schema, path).Where(b => !ReferenceEquals(b.Schema, schema["additionalProperties"])))
        {
            Nested(below, at, skipAnyOf: false);
        }

        Empty(schema, path, "must be empty to be structural", "type", "title", "description", "x-kubernetes-list-map-keys", "x-kubernetes-validations");
        Empty(schema, path, "must be undefined to be structural", "additionalProperties", "default", "x-kubernetes-list-type", "x-kubernetes-map-type");
        Empty(schema, path, "must be false to be structural", "nullable", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string");
        if ((schema["properties"] as JsonObject)?.ContainsKey("metadata") == true)
        {
            Add(FieldError.Forbidden($"{path}.properties[metadata]", "must not be specified in a nested context"));
        }
    }

    private void Empty(JsonObject schema, string path, string detail, params string[] members)
    {
        foreach (string member in members)
        {
            bool given = schema[member] switch
            {
                null => false,
                JsonArray { Count: 0 } => false,
                JsonValue value => value.GetValueKind() != System.Text.Json.JsonValueKind.False && value.ToString().Length > 0,
                _ => true,
            };
            if (given)
            {
                Add(FieldError.Forbidden($"{path}.{member}", detail));
            }
        }
    }

    /// <summary>What the root's combinators judge must be typed outside of them. Upstream asks this of the root alone.</summary>
    private void Complete(JsonObject values, JsonObject structure, string structurePath, string path)
    {
        foreach ((JsonObject nested, string at) in SchemaTree.Nested(values, path))
        {
            CompleteNested(nested, structure, structurePath, at);
        }
    }

    private void CompleteNested(JsonObject nested, JsonObject? structure, string structurePath, string path)
    {
        if (structure is null)
        {
            Add(FieldError.Required(structurePath, $"because it is defined in {path}"));
            return;
        }

        Complete(nested, structure, structurePath, path);
        if (nested["items"] is JsonObject items)
        {
            CompleteNested(items, structure["items"] as JsonObject, $"{structurePath}.items", $"{path}.items");
        }

        foreach ((string name, JsonNode? property) in nested["properties"] as JsonObject ?? [])
        {
            if (property is JsonObject below)
            {
                CompleteNested(below, (structure["properties"] as JsonObject)?[name] as JsonObject, $"{structurePath}.properties[{name}]", $"{path}.properties[{name}]");
            }
        }
    }

    private static bool IsIntOrString(JsonNode? anyOf) =>
        anyOf is JsonArray { Count: 2 } two && IsType(two[0], "integer") && IsType(two[1], "string");

    private static bool IsType(JsonNode? schema, string type) => schema is JsonObject { Count: 1 } only && only.Text("type") == type;

    private void Add(FieldError error) => errors.Add(error);

    /// <summary>A member's name in upstream's type: <c>XPreserveUnknownFields</c> of <c>x-kubernetes-preserve-unknown-fields</c>.</summary>
    private static string InGo(string member) =>
        string.Concat(member.Replace("x-kubernetes-", "x-", StringComparison.Ordinal).Split('-').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
}
