using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>
/// What decoding into Go's types and encoding again does to an object of a built-in kind: refuses values of the wrong
/// type, drops nulls, unknown members and empty optional ones, writes quantities, times and base64 in their one form, and writes the members
/// that Go always writes (<see cref="GoShape"/>).
/// </summary>
public static class TypedDecoding
{
    /// <exception cref="StatusException">400 for the first value of a wrong type, with upstream's text.</exception>
    public static void Apply(JsonObject json, Schema schema, GroupVersionKind kind)
    {
        try
        {
            Walk(json, schema, new Place(GoTypes.Struct(schema), ""));
        }
        catch (FormatException e)
        {
            throw DecodingFaults.CannotBeHandled(kind, kind.Kind, e.Message);
        }
    }

    /// <summary>The same for the metadata of a custom object, the only typed part of it.</summary>
    /// <exception cref="StatusException">400, as for <see cref="Apply"/>.</exception>
    public static void ApplyMetadata(JsonObject json, GroupVersionKind kind)
    {
        if (!json.TryGetPropertyValue("metadata", out JsonNode? metadata))
        {
            return;
        }

        if (metadata is null)
        {
            json.Remove("metadata");
            return;
        }

        try
        {
            json["metadata"] = Metadata(metadata);
        }
        catch (FormatException e)
        {
            throw DecodingFaults.CannotBeHandled(kind, kind.Kind, e.Message);
        }
    }

    /// <summary>The metadata of an object within another; the node is used up.</summary>
    /// <exception cref="FormatException">Go's words for what does not fit.</exception>
    internal static JsonNode? Metadata(JsonNode metadata) => metadata is JsonObject
        ? Value(metadata, ObjectMetaSchema, new Place("ObjectMeta", ""))
        : throw new FormatException($"json: cannot unmarshal {GoTypes.ValueName(metadata)} into Go value of type v1.ObjectMeta");

    internal static Schema ObjectMetaSchema => BuiltinTypes.Instance.FindByName("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")!;

    private static void Walk(JsonObject json, Schema schema, Place place)
    {
        foreach (string name in json.Select(m => m.Key).ToArray())
        {
            JsonNode? value = json[name];
            if (schema.Properties.TryGetValue(name, out Schema? member))
            {
                bool written = GoShape.IsWritten(schema, name);
                JsonNode? decoded = value is not null ? Value(value, member, place.Field(name)) : written ? GoShape.Zero(member) : null;
                if (decoded is null ? !written : GoShape.IsOmitted(schema, name, member, decoded))
                {
                    json.Remove(name);
                }
                else if (!ReferenceEquals(decoded, value))
                {
                    json[name] = decoded;
                }
            }
            else if (schema.AdditionalProperties is { } values)
            {
                JsonNode? decoded = value is null ? GoShape.Zero(values) : Value(value, values, place);
                if (!ReferenceEquals(decoded, value))
                {
                    json[name] = decoded;
                }
            }
            else if (!schema.PreserveUnknownFields)
            {
                json.Remove(name);
            }
        }

        GoShape.Complete(json, schema);
    }

    /// <summary>The value in its one form: the same node, changed within, or a new one.</summary>
    private static JsonNode? Value(JsonNode node, Schema schema, Place place)
    {
        schema = TypeShape.IsUnion(schema.Name ?? "") ? TypeShape.Resolve(schema)! : schema;
        if (schema.Name == BuiltinSchemaBuilder.SchemaProps && node is not JsonObject)
        {
            return Union(node, schema, place);
        }

        if (schema.PreserveUnknownFields && (schema.Type == SchemaType.Any || node is JsonObject))
        {
            return node;
        }

        JsonValueKind given = node.GetValueKind();
        switch (schema.Type)
        {
            case SchemaType.Object when node is JsonObject json:
                Walk(json, schema, schema.Name is null ? place : place.Into(GoTypes.Struct(schema)));
                return json;
            case SchemaType.Array when node is JsonArray array:
                return Items(array, schema.Items!, place);
            case SchemaType.Boolean when given is JsonValueKind.True or JsonValueKind.False:
                return node;
            case SchemaType.Number when given == JsonValueKind.Number:
                return node;
            case SchemaType.Integer when given == JsonValueKind.Number:
                return TypedScalars.Integer(node, schema.Format) ?? throw place.Mismatch($"number {node.ToJsonString()}", schema);
            case SchemaType.String when schema.Name is TypedScalars.Time or TypedScalars.MicroTime:
                return TypedScalars.Timestamp(node, schema.Name);
            case SchemaType.String when given == JsonValueKind.String:
                return schema.Format == "byte" ? TypedScalars.Bytes(node) : node;
            case SchemaType.Any when schema.Name == BuiltinSchemaBuilder.Quantity:
                return TypedScalars.Amount(node);
            case SchemaType.Any when schema.IntOrString:
                return TypedScalars.IntegerOrString(node);
            default:
                throw place.Mismatch(GoTypes.ValueName(node), schema);
        }
    }

    private static JsonArray Items(JsonArray array, Schema items, Place place)
    {
        for (int i = 0; i < array.Count; i++)
        {
            JsonNode? decoded = array[i] is { } item ? Value(item, items, place) : GoShape.Zero(items);
            if (!ReferenceEquals(decoded, array[i]))
            {
                array[i] = decoded;
            }
        }

        return array;
    }

    /// <summary>A list of schemas, a list of names, or a flag, where a schema may stand too.</summary>
    private static JsonNode Union(JsonNode node, Schema schema, Place place) => node switch
    {
        JsonArray array => Items(array, schema, place),
        _ when node.GetValueKind() is JsonValueKind.True or JsonValueKind.False or JsonValueKind.String => node,
        _ => throw place.Mismatch(GoTypes.ValueName(node), schema),
    };

    /// <summary>Where a value stands, in the words of Go's UnmarshalTypeError: the innermost struct, and the members from the outermost one (without indexes).</summary>
    private readonly record struct Place(string Struct, string Path)
    {
        public Place Field(string name) => this with { Path = Path.Length == 0 ? name : $"{Path}.{name}" };

        public Place Into(string name) => this with { Struct = name };

        public FormatException Mismatch(string value, Schema schema) => new($"json: cannot unmarshal {value} into Go struct field {Struct}.{Path} of type {GoTypes.Name(schema)}");
    }
}
