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
            Walk(json, schema, schema, new Trail());
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
        ? Value(metadata, ObjectMetaSchema, ObjectMetaSchema, new Trail())
        : throw new FormatException($"json: cannot unmarshal {GoTypes.ValueName(metadata)} into Go value of type v1.ObjectMeta");

    internal static Schema ObjectMetaSchema => BuiltinTypes.Instance.FindByName("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")!;

    /// <param name="owner">Type of the innermost struct; with <paramref name="trail"/>, where a fault is.</param>
    private static void Walk(JsonObject json, Schema schema, Schema owner, Trail trail)
    {
        GoShape.Plan plan = GoShape.PlanOf(schema);
        for (int i = 0; i < json.Count; i++)
        {
            (string name, JsonNode? value) = json.GetAt(i);
            if (schema.Properties.TryGetValue(name, out Schema? member))
            {
                bool written = plan.IsWritten(name);
                JsonNode? decoded = null;
                if (value is not null)
                {
                    trail.Enter(name);
                    decoded = Value(value, member, owner, trail);
                    trail.Leave();
                }
                else if (written)
                {
                    decoded = GoShape.Zero(member);
                }

                if (decoded is null ? !written : plan.IsOmitted(name, member, decoded) && !EndsTracking(name, schema))
                {
                    json.RemoveAt(i--);
                }
                else if (!ReferenceEquals(decoded, value))
                {
                    json.SetAt(i, decoded);
                }
            }
            else if (schema.AdditionalProperties is { } values)
            {
                JsonNode? decoded = value is null ? GoShape.Zero(values) : Value(value, values, owner, trail);
                if (!ReferenceEquals(decoded, value))
                {
                    json.SetAt(i, decoded);
                }
            }
            else if (!schema.PreserveUnknownFields)
            {
                json.RemoveAt(i--);
            }
        }

        plan.Complete(json);
    }

    /// <summary>The one list whose emptiness says something: that nobody's fields are kept track of any more. It is taken out where that is read.</summary>
    private static bool EndsTracking(string name, Schema schema) => name == "managedFields" && schema.Name == ObjectMetaSchema.Name;

    /// <summary>The value in its one form: the same node, changed within, or a new one.</summary>
    private static JsonNode? Value(JsonNode node, Schema schema, Schema owner, Trail trail)
    {
        schema = TypeShape.IsUnion(schema.Name ?? "") ? TypeShape.Resolve(schema)! : schema;
        if (schema.Name == BuiltinSchemaBuilder.SchemaProps && node is not JsonObject)
        {
            return Union(node, schema, owner, trail);
        }

        if (schema.PreserveUnknownFields && (schema.Type == SchemaType.Any || node is JsonObject))
        {
            return node;
        }

        JsonValueKind given = node.GetValueKind();
        switch (schema.Type)
        {
            case SchemaType.Object when node is JsonObject json:
                Walk(json, schema, schema.Name is null ? owner : schema, trail);
                if (IsResourceList(schema, owner))
                {
                    TypedScalars.RoundUp(json);
                }

                return json;
            case SchemaType.Array when node is JsonArray array:
                return Items(array, schema.Items!, owner, trail);
            case SchemaType.Boolean when given is JsonValueKind.True or JsonValueKind.False:
                return node;
            case SchemaType.Number when given == JsonValueKind.Number:
                return node;
            case SchemaType.Integer when given == JsonValueKind.Number:
                return TypedScalars.Integer(node, schema.Format) ?? throw trail.Mismatch($"number {node.ToJsonString()}", owner, schema);
            case SchemaType.String when schema.Name is TypedScalars.Time or TypedScalars.MicroTime:
                return TypedScalars.Timestamp(node, schema.Name);
            case SchemaType.String when given == JsonValueKind.String:
                return schema.Format == "byte" ? TypedScalars.Bytes(node) : node;
            case SchemaType.Any when schema.Name == BuiltinSchemaBuilder.Quantity:
                return TypedScalars.Amount(node);
            case SchemaType.Any when schema.IntOrString:
                return TypedScalars.IntegerOrString(node);
            default:
                throw trail.Mismatch(GoTypes.ValueName(node), owner, schema);
        }
    }

    /// <summary>A ResourceList, which is a map of quantities everywhere but in the types of devices.</summary>
    private static bool IsResourceList(Schema schema, Schema owner) =>
        schema.AdditionalProperties?.Name == BuiltinSchemaBuilder.Quantity && owner.Name is { } name && !name.StartsWith("io.k8s.api.resource.", StringComparison.Ordinal);

    private static JsonArray Items(JsonArray array, Schema items, Schema owner, Trail trail)
    {
        for (int i = 0; i < array.Count; i++)
        {
            JsonNode? decoded = array[i] is { } item ? Value(item, items, owner, trail) : GoShape.Zero(items);
            if (!ReferenceEquals(decoded, array[i]))
            {
                array[i] = decoded;
            }
        }

        return array;
    }

    /// <summary>A list of schemas, a list of names, or a flag, where a schema may stand too.</summary>
    private static JsonNode Union(JsonNode node, Schema schema, Schema owner, Trail trail) => node switch
    {
        JsonArray array => Items(array, schema, owner, trail),
        _ when node.GetValueKind() is JsonValueKind.True or JsonValueKind.False or JsonValueKind.String => node,
        _ => throw trail.Mismatch(GoTypes.ValueName(node), owner, schema),
    };

    /// <summary>Members from the outermost struct to where a walk stands, without indexes. Put into words only where a value does not fit.</summary>
    private sealed class Trail
    {
        private string[] names = new string[8];
        private int depth;

        public void Enter(string name)
        {
            if (depth == names.Length)
            {
                Array.Resize(ref names, 2 * depth);
            }

            names[depth++] = name;
        }

        public void Leave() => depth--;

        /// <summary>In the words of Go's UnmarshalTypeError: the innermost struct, and the members from the outermost one.</summary>
        public FormatException Mismatch(string value, Schema owner, Schema schema) =>
            new($"json: cannot unmarshal {value} into Go struct field {GoTypes.Struct(owner)}.{string.Join('.', names, 0, depth)} of type {GoTypes.Name(schema)}");
    }
}
