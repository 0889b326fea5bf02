using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <param name="Object">The decoded object, apiVersion and kind filled in.</param>
/// <param name="StrictFaults">What <c>fieldValidation</c> is about; empty when it was not asked for.</param>
public sealed record DecodedObject(JsonObject Object, IReadOnlyList<string> StrictFaults);

/// <summary>From a request's body to an object that the registry can work on.</summary>
public static class ObjectDecoder
{
    private const string TypeMetaStruct = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";

    /// <summary>Decodes what an endpoint of a built-in kind was sent, as Go's typed decoder would.</summary>
    /// <param name="wanted">The endpoint's kind; stands in where the body names none.</param>
    /// <param name="strict">Whether to look for repeated and unknown members (<c>fieldValidation</c> Warn or Strict).</param>
    /// <exception cref="StatusException">400 with upstream's text.</exception>
    public static DecodedObject Builtin(ReadOnlySpan<byte> body, GroupVersionKind wanted, Schema schema, bool strict)
    {
        JsonObject json = Read(body, wanted, out GroupVersionKind said);
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
    /// Decodes what an endpoint of a custom kind was sent and prunes it. A kind or apiVersion that is not the endpoint's is
    /// left to <see cref="SchemaValidation.ValidateTypeMeta"/>, because upstream answers it as a validation fault.
    /// </summary>
    /// <exception cref="StatusException">400 with upstream's text.</exception>
    public static DecodedObject Custom(ReadOnlySpan<byte> body, GroupVersionKind wanted, Schema schema, bool strict)
    {
        JsonObject json = Read(body, wanted, out GroupVersionKind said);
        TypedDecoding.ApplyMetadata(json, said);
        IReadOnlyList<string> unknown = Pruning.Apply(json, schema, embedded: true);
        return new DecodedObject(json, strict ? [.. StrictDecoding.Check(body, MetadataOnly), .. unknown.Select(p => $"unknown field \"{p}\"")] : []);
    }

    /// <summary>Metadata is the typed part of a custom object; what else is unknown, pruning tells.</summary>
    private static Schema MetadataOnly => new()
    {
        PreserveUnknownFields = true,
        Properties = new Dictionary<string, Schema>(StringComparer.Ordinal) { ["metadata"] = TypedDecoding.ObjectMetaSchema },
    };

    private static JsonObject Read(ReadOnlySpan<byte> body, GroupVersionKind wanted, out GroupVersionKind said)
    {
        JsonNode? node;
        try
        {
            node = JsonBody.Parse(body);
        }
        catch (FormatException e)
        {
            throw DecodingFaults.Unrecognized(wanted.Kind, $"couldn't get version/kind; json parse error: {e.Message}", body);
        }

        if (node is not JsonObject json)
        {
            throw DecodingFaults.Unrecognized(wanted.Kind, $"couldn't get version/kind; json parse error: json: cannot unmarshal {GoTypes.ValueName(node)} into Go value of type {TypeMetaStruct}", body);
        }

        foreach ((string member, string field) in ((string, string)[])[("apiVersion", "apiVersion"), ("kind", "kind")])
        {
            if (json[member] is { } value && value.GetValueKind() != System.Text.Json.JsonValueKind.String)
            {
                throw DecodingFaults.Unrecognized(wanted.Kind, $"couldn't get version/kind; json parse error: json: cannot unmarshal {GoTypes.ValueName(value)} into Go struct field .{field} of type string", body);
            }
        }

        said = GroupVersionKind.From(json.ApiVersion.Length == 0 ? wanted.ApiVersion : json.ApiVersion, json.Kind.Length == 0 ? wanted.Kind : json.Kind);
        json["apiVersion"] = said.ApiVersion;
        json["kind"] = said.Kind;
        return json;
    }
}
