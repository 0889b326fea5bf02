using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>
/// From a request's body to an object that the registry can work on, in two steps: <see cref="Parse"/> the bytes; then, once its kind is
/// known to be the endpoint's, decode it as a <see cref="Builtin"/> or a <see cref="Custom"/> object.
/// </summary>
public static class ObjectDecoding
{
    private const string TypeMetaStruct = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";

    /// <summary>The body as a tree whose apiVersion and kind, where given, are strings.</summary>
    /// <param name="kind">What the endpoint takes, for the fault's text.</param>
    /// <exception cref="StatusException">400 with upstream's text.</exception>
    public static JsonObject Parse(ReadOnlySpan<byte> body, string kind)
    {
        JsonNode? node;
        try
        {
            node = JsonBody.Parse(body);
        }
        catch (FormatException e)
        {
            throw Unreadable(body, kind, e.Message);
        }

        // As Go reads it, null is an object that says nothing.
        node = node is null && body.Length > 0 ? new JsonObject() : node;
        if (node is not JsonObject json)
        {
            throw Unreadable(body, kind, $"json: cannot unmarshal {GoTypes.ValueName(node)} into Go value of type {TypeMetaStruct}");
        }

        foreach (string member in (string[])["apiVersion", "kind"])
        {
            if (json[member] is { } value && value.GetValueKind() != JsonValueKind.String)
            {
                throw Unreadable(body, kind, $"json: cannot unmarshal {GoTypes.ValueName(value)} into Go struct field .{member} of type string");
            }
        }

        return json;
    }

    /// <summary>Decodes an object of a built-in kind in place, as Go's typed decoder would.</summary>
    /// <param name="utf8">The body as it came, to find repeated members in; empty for an object that was computed.</param>
    /// <returns>What <c>fieldValidation</c> is about: texts such as <c>unknown field "spec.foo"</c>, in the order of the document.</returns>
    /// <exception cref="StatusException">400: a member has the wrong type.</exception>
    public static IReadOnlyList<string> Builtin(JsonObject json, ReadOnlySpan<byte> utf8, GroupVersionKind kind, Schema schema)
    {
        IReadOnlyList<string> faults = utf8.IsEmpty ? StrictDecoding.Check(json, schema) : StrictDecoding.Check(utf8, schema);
        TypedDecoding.Apply(json, schema, kind);
        return faults;
    }

    /// <summary>
    /// Decodes and prunes an object of a custom kind in place. <see cref="Defaulting"/> follows; a kind or apiVersion that is not the
    /// endpoint's is for <see cref="SchemaValidation.ValidateTypeMeta"/>, because upstream answers it as a validation fault.
    /// </summary>
    /// <inheritdoc cref="Builtin"/>
    public static IReadOnlyList<string> Custom(JsonObject json, ReadOnlySpan<byte> utf8, GroupVersionKind kind, Schema schema)
    {
        IReadOnlyList<string> faults = utf8.IsEmpty ? StrictDecoding.Check(json, MetadataOnly) : StrictDecoding.Check(utf8, MetadataOnly);
        TypedDecoding.ApplyMetadata(json, kind);

        // Metadata has its type, and no fractions; who owns which field stays as it is written.
        GoNumber.Normalize(json, except: "metadata");
        IReadOnlyList<string> embedded;
        try
        {
            embedded = EmbeddedObjects.Decode(json, schema, isStrict: !utf8.IsEmpty);
        }
        catch (FormatException e)
        {
            throw DecodingFaults.CannotBeHandled(kind, kind.Kind, e.Message);
        }

        return [.. faults, .. Pruning.Apply(json, schema).Concat(embedded).Select(path => $"unknown field \"{path}\"")];
    }

    /// <summary>Metadata is the typed part of a custom object; what else is unknown, pruning tells.</summary>
    private static Schema MetadataOnly { get; } = new()
    {
        PreserveUnknownFields = true,
        Properties = new Dictionary<string, Schema>(StringComparer.Ordinal) { ["metadata"] = TypedDecoding.ObjectMetaSchema },
    };

    private static StatusException Unreadable(ReadOnlySpan<byte> body, string kind, string why) =>
        DecodingFaults.Unrecognized(kind, $"couldn't get version/kind; json parse error: {why}", body);
}
