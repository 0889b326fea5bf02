using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>A schema and its rules as refusals show them: upstream's internal types, which have no names for JSON, with every member (<c>pkg/apis/apiextensions/types_jsonschema.go</c>).</summary>
internal static class InternalSchema
{
    private static readonly JsonObject Nothing = [];

    /// <param name="json">As its author wrote it.</param>
    public static JsonObject Of(JsonObject json) => new()
    {
        ["ID"] = json.Text("id") ?? "",
        ["Schema"] = json.Text("$schema") ?? "",
        ["Ref"] = Copy(json["$ref"]),
        ["Description"] = json.Text("description") ?? "",
        ["Type"] = json.Text("type") ?? "",
        ["Nullable"] = json.Flag("nullable"),
        ["Format"] = json.Text("format") ?? "",
        ["Title"] = json.Text("title") ?? "",
        ["Default"] = SortedJson.Of(json["default"]),
        ["Maximum"] = Copy(json["maximum"]),
        ["ExclusiveMaximum"] = json.Flag("exclusiveMaximum"),
        ["Minimum"] = Copy(json["minimum"]),
        ["ExclusiveMinimum"] = json.Flag("exclusiveMinimum"),
        ["MaxLength"] = Copy(json["maxLength"]),
        ["MinLength"] = Copy(json["minLength"]),
        ["Pattern"] = json.Text("pattern") ?? "",
        ["MaxItems"] = Copy(json["maxItems"]),
        ["MinItems"] = Copy(json["minItems"]),
        ["UniqueItems"] = json.Flag("uniqueItems"),
        ["MultipleOf"] = Copy(json["multipleOf"]),
        ["Enum"] = SortedJson.Of(json["enum"]),
        ["MaxProperties"] = Copy(json["maxProperties"]),
        ["MinProperties"] = Copy(json["minProperties"]),
        ["Required"] = Copy(json["required"]),
        ["Items"] = Items(json["items"]),
        ["AllOf"] = List(json["allOf"]),
        ["OneOf"] = List(json["oneOf"]),
        ["AnyOf"] = List(json["anyOf"]),
        ["Not"] = json["not"] is JsonObject not ? Of(not) : null,
        ["Properties"] = Map(json["properties"]),
        ["AdditionalProperties"] = SchemaOrFlag(json["additionalProperties"]),
        ["PatternProperties"] = Map(json["patternProperties"]),
        ["Dependencies"] = Copy(json["dependencies"]),
        ["AdditionalItems"] = SchemaOrFlag(json["additionalItems"]),
        ["Definitions"] = Map(json["definitions"]),
        ["ExternalDocs"] = json["externalDocs"] is JsonObject docs ? new JsonObject { ["Description"] = docs.Text("description") ?? "", ["URL"] = docs.Text("url") ?? "" } : null,
        ["Example"] = SortedJson.Of(json["example"]),
        ["XPreserveUnknownFields"] = Copy(json["x-kubernetes-preserve-unknown-fields"]),
        ["XEmbeddedResource"] = json.Flag("x-kubernetes-embedded-resource"),
        ["XIntOrString"] = json.Flag("x-kubernetes-int-or-string"),
        ["XListMapKeys"] = Copy(json["x-kubernetes-list-map-keys"]),
        ["XListType"] = Copy(json["x-kubernetes-list-type"]),
        ["XMapType"] = Copy(json["x-kubernetes-map-type"]),
        ["XValidations"] = json["x-kubernetes-validations"] is JsonArray rules ? new JsonArray([.. rules.OfType<JsonObject>().Select(OfRule)]) : null,
    };

    /// <summary>One of <c>x-kubernetes-validations</c>.</summary>
    public static JsonObject OfRule(JsonObject json) => new()
    {
        ["Rule"] = json.Text("rule"),
        ["Message"] = json.Text("message") ?? "",
        ["MessageExpression"] = json.Text("messageExpression") ?? "",
        ["Reason"] = Copy(json["reason"]),
        ["FieldPath"] = json.Text("fieldPath") ?? "",
        ["OptionalOldSelf"] = Copy(json["optionalOldSelf"]),
    };

    /// <summary>Whether the member has its type's zero value in Go: then upstream takes it for one that is not there.</summary>
    public static bool IsZero(JsonNode? member) => member is null || member.GetValueKind() == JsonValueKind.False || (member.GetValueKind() == JsonValueKind.String && member.GetValue<string>().Length == 0);

    private static JsonNode? Copy(JsonNode? node) => node?.DeepClone();

    private static JsonArray? List(JsonNode? node) => node is JsonArray { Count: > 0 } list ? new JsonArray([.. list.OfType<JsonObject>().Select(Of)]) : null;

    private static JsonObject? Map(JsonNode? node) => node is JsonObject { Count: > 0 } map
        ? new JsonObject(map.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, (JsonNode?)Of(m.Value as JsonObject ?? Nothing))))
        : null;

    private static JsonObject? Items(JsonNode? node) => node switch
    {
        JsonObject one => new JsonObject { ["Schema"] = Of(one), ["JSONSchemas"] = null },
        JsonArray => new JsonObject { ["Schema"] = null, ["JSONSchemas"] = List(node) },
        _ => null,
    };

    private static JsonObject? SchemaOrFlag(JsonNode? node) => node switch
    {
        null => null,
        JsonObject schema => new JsonObject { ["Allows"] = true, ["Schema"] = Of(schema) },
        _ => new JsonObject { ["Allows"] = node.GetValueKind() == JsonValueKind.True, ["Schema"] = null },
    };
}
