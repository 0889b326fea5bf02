using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>Names of Go's types and JSON values as they stand in upstream's decoding errors.</summary>
internal static class GoTypes
{
    /// <summary><c>v1.PodSpec</c>, <c>[]v1.Container</c>, <c>map[string]string</c>, <c>int32</c>, …</summary>
    public static string Name(Schema schema) => schema switch
    {
        { Name: { } name } when schema.Type is SchemaType.Object or SchemaType.Any => Short(name),
        { Type: SchemaType.Array, Items: { } items } => "[]" + Name(items),
        { Type: SchemaType.Object, AdditionalProperties: { } values } => "map[string]" + Name(values),
        { Type: SchemaType.String, Format: "byte" } => "[]uint8",
        { Type: SchemaType.String } => "string",
        { Type: SchemaType.Integer } => schema.Format ?? "int64",
        { Type: SchemaType.Number } => "float64",
        { Type: SchemaType.Boolean } => "bool",
        _ => "interface {}",
    };

    /// <summary>The struct's own name, without its package.</summary>
    public static string Struct(Schema schema) => schema.Name is { } name ? name[(name.LastIndexOf('.') + 1)..] : "";

    /// <summary><c>v1.Secret</c>.</summary>
    public static string Short(GroupVersionKind kind) => $"{kind.Version}.{kind.Kind}";

    /// <summary>What Go calls the JSON value that it could not take.</summary>
    public static string ValueName(JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False => "bool",
        _ => "null",
    };

    private static string Short(string name)
    {
        int last = name.LastIndexOf('.');
        int package = name.LastIndexOf('.', last - 1);
        return name[(package + 1)..];
    }
}
