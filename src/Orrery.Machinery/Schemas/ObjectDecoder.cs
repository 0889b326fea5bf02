using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <param name="Object">The decoded object, apiVersion and kind filled in.</param>
/// <param name="StrictFaults">What <c>fieldValidation</c> is about: texts such as <c>unknown field "spec.foo"</c>, in the order of the document; empty when it was not asked for.</param>
public sealed record DecodedObject(JsonObject Object, IReadOnlyList<string> StrictFaults);

/// <summary>From a request's body to an object that the registry can work on; and the same for an object that was computed (a patch's outcome).</summary>
public static class ObjectDecoder
{
    private const string TypeMetaStruct = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";

    /// <summary>Decodes what an endpoint of a built-in kind was sent, as Go's typed decoder would.</summary>
    /// <param name="wanted">The endpoint's kind; stands in where the body names none.</param>
    /// <param name="strict">Whether to look for repeated and unknown members (<c>fieldValidation</c> Warn or Strict).</param>
    /// <exception cref="StatusException">400 with upstream's text.</exception>
    public static DecodedObject Builtin(ReadOnlySpan<byte> body, GroupVersionKind wanted, Schema schema, bool strict)
    {
        JsonObject json = Parse(body, wanted, out GroupVersionKind said);
        if (said != wanted)
        {
            throw DecodingFaults.CannotBeHandled(said, wanted.Kind, BuiltinTypes.Instance.Find(said) is null
                ? $"no kind \"{said.Kind}\" is registered for version \"{said.ApiVersion}\" in scheme \"pkg/runtime/scheme.go:111\""
                : $"converting ({GoTypes.Short(said)}) to ({(wanted.Group.Length == 0 ? "core" : wanted.Group.Split('.')[0])}.{wanted.Kind}): unknown conversion");
        }

        IReadOnlyList<string> faults = strict ? StrictDecoding.Check(body, schema) : [];
        TypedDecoding.Apply(json, schema, wanted);
        return new DecodedObject(json, faults);
    }

    /// <summary>
    /// Decodes what an endpoint of a custom kind was sent, and prunes it; <see cref="Defaulting"/> follows. A kind or apiVersion
    /// that is not the endpoint's is left to <see cref="SchemaValidation.ValidateTypeMeta"/>: upstream answers it as a validation fault.
    /// </summary>
    /// <inheritdoc cref="Builtin"/>
    public static DecodedObject Custom(ReadOnlySpan<byte> body, GroupVersionKind wanted, Schema schema, bool strict)
    {
        JsonObject json = Parse(body, wanted, out GroupVersionKind said);
        IReadOnlyList<string> repeated = strict ? StrictDecoding.Check(body, MetadataOnly) : [];
        IReadOnlyList<string> unknown = Prune(json, said, schema);
        return new DecodedObject(json, strict ? [.. repeated, .. unknown] : []);
    }

    /// <summary>The same for an object of a custom kind that was computed: decodes and prunes it in place.</summary>
    /// <returns>Its unknown members, as <see cref="DecodedObject.StrictFaults"/>.</returns>
    /// <exception cref="StatusException">400: its metadata is not of the right types.</exception>
    public static IReadOnlyList<string> Custom(JsonObject json, GroupVersionKind kind, Schema schema)
    {
        IReadOnlyList<string> unknown = StrictDecoding.Check(json, MetadataOnly);
        return [.. unknown, .. Prune(json, kind, schema)];
    }

    /// <summary>Metadata is the typed part of a custom object; what else is unknown, pruning tells.</summary>
    private static Schema MetadataOnly { get; } = new()
    {
        PreserveUnknownFields = true,
        Properties = new Dictionary<string, Schema>(StringComparer.Ordinal) { ["metadata"] = TypedDecoding.ObjectMetaSchema },
    };

    private static IReadOnlyList<string> Prune(JsonObject json, GroupVersionKind kind, Schema schema)
    {
        TypedDecoding.ApplyMetadata(json, kind);
        return [.. Pruning.Apply(json, schema).Select(path => $"unknown field \"{path}\"")];
    }

    private static JsonObject Parse(ReadOnlySpan<byte> body, GroupVersionKind wanted, out GroupVersionKind said)
    {
        JsonNode? node;
        try
        {
            node = JsonBody.Parse(body);
        }
        catch (FormatException e)
        {
            throw Unreadable(body, wanted.Kind, e.Message);
        }

        if (node is not JsonObject json)
        {
            throw Unreadable(body, wanted.Kind, $"json: cannot unmarshal {GoTypes.ValueName(node)} into Go value of type {TypeMetaStruct}");
        }

        foreach (string member in (string[])["apiVersion", "kind"])
        {
            if (json[member] is { } value && value.GetValueKind() != JsonValueKind.String)
            {
                throw Unreadable(body, wanted.Kind, $"json: cannot unmarshal {GoTypes.ValueName(value)} into Go struct field .{member} of type string");
            }
        }

        said = GroupVersionKind.From(json.ApiVersion.Length == 0 ? wanted.ApiVersion : json.ApiVersion, json.Kind.Length == 0 ? wanted.Kind : json.Kind);
        json["apiVersion"] = said.ApiVersion;
        json["kind"] = said.Kind;
        return json;
    }

    private static StatusException Unreadable(ReadOnlySpan<byte> body, string kind, string why) =>
        DecodingFaults.Unrecognized(kind, $"couldn't get version/kind; json parse error: {why}", body);
}
