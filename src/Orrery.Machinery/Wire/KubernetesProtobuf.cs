using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Wire;

/// <summary>
/// Reads bodies of <c>application/vnd.kubernetes.protobuf</c>, which kubectl's <c>create</c> commands and Go clients send for
/// built-in kinds, into the JSON form. An envelope (four magic bytes, then apimachinery's <c>runtime.Unknown</c>) says the
/// kind; the rest follows the built-in schemas and their field numbers.
/// </summary>
public static class KubernetesProtobuf
{
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    /// <summary>Deeper nesting than any built-in type has, and than schemas in definitions need.</summary>
    private const int MaxDepth = 200;

    private static readonly GroupVersionKind DeleteOptions = new("", "v1", "DeleteOptions");
    private static readonly GroupVersionKind Eviction = new("policy", "v1", "Eviction");
    private static readonly GroupVersionKind OlderEviction = Eviction with { Version = "v1beta1" };

    private static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <summary>The object, with the apiVersion and kind of its envelope.</summary>
    /// <exception cref="StatusException">400: no such envelope, a kind without binary form, or a damaged message.</exception>
    public static JsonObject ToJson(ReadOnlySpan<byte> body)
    {
        try
        {
            return Read(body);
        }
        catch (Exception fault) when (fault is FormatException or OverflowException or DecoderFallbackException or ArgumentOutOfRangeException)
        {
            throw ApiErrors.BadRequest($"the object provided is not a valid protobuf message: {fault.Message}");
        }
    }

    private static JsonObject Read(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith(Magic))
        {
            throw new FormatException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        }

        // runtime.Unknown: typeMeta = 1 (apiVersion = 1, kind = 2), raw = 2
        string apiVersion = "", kind = "";
        ReadOnlySpan<byte> raw = default;
        var envelope = new WireReader(body[Magic.Length..]);
        while (envelope.Next())
        {
            if (envelope.Number == 1)
            {
                var meta = new WireReader(envelope.Bytes);
                while (meta.Next())
                {
                    _ = meta.Number switch { 1 => apiVersion = Text(meta.Bytes), 2 => kind = Text(meta.Bytes), _ => "" };
                }
            }
            else if (envelope.Number == 2)
            {
                raw = envelope.Bytes;
            }
        }

        // Clients of a group write the options of a delete as a kind of that group: every group has one of that name.
        // Of what went with policy/v1beta1 evictions alone are still taken, since older clients drain nodes by them.
        var said = GroupVersionKind.From(apiVersion, kind);
        Schema schema = BuiltinTypes.Instance.Find(kind == DeleteOptions.Kind ? DeleteOptions : said == OlderEviction ? Eviction : said)
            ?? throw new FormatException($"no kind \"{kind}\" is registered for version \"{apiVersion}\"");
        JsonObject json = new() { ["apiVersion"] = apiVersion, ["kind"] = kind };
        ReadMessage(raw, json, schema, Numbers(schema.Name!), 0);
        return json;
    }

    private static WireMessage Numbers(string type) => WireNumbers.Find(type) ?? throw new FormatException($"{type} has no binary form");

    private static void ReadMessage(ReadOnlySpan<byte> bytes, JsonObject into, Schema schema, WireMessage numbers, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new FormatException("the message is nested too deeply");
        }

        var reader = new WireReader(bytes);
        while (reader.Next())
        {
            if (numbers.Embedded.TryGetValue(reader.Number, out string? embedded))
            {
                ReadMessage(reader.Bytes, into, schema, Numbers(embedded), depth + 1);
            }
            else if (numbers.Fields.TryGetValue(reader.Number, out string? name) && schema.Properties.TryGetValue(name, out Schema? field))
            {
                ReadField(ref reader, into, name, field, depth);
            }

            // A number that is not known comes from a newer client: dropped, as Go does.
        }
    }

    private static void ReadField(ref WireReader reader, JsonObject into, string name, Schema field, int depth)
    {
        if (field.Type == SchemaType.Array)
        {
            if (into[name] is not JsonArray array)
            {
                into[name] = array = [];
            }

            array.Add(Value(ref reader, field.Items!, depth));
        }
        else if (field.Type == SchemaType.Object && field.AdditionalProperties is { } values)
        {
            if (into[name] is not JsonObject map)
            {
                into[name] = map = [];
            }

            ReadEntry(reader.Bytes, map, values, depth);
        }
        else
        {
            into[name] = Value(ref reader, field, depth);
        }
    }

    /// <summary>An entry of a map is a message of its own: key = 1, value = 2.</summary>
    private static void ReadEntry(ReadOnlySpan<byte> bytes, JsonObject map, Schema values, int depth)
    {
        string key = "";
        JsonNode? value = Zero(values);
        var entry = new WireReader(bytes);
        while (entry.Next())
        {
            if (entry.Number == 1)
            {
                key = Text(entry.Bytes);
            }
            else if (entry.Number == 2)
            {
                value = values.Type == SchemaType.Array ? Strings(entry.Bytes) : Value(ref entry, values, depth);
            }
        }

        map[key] = value;
    }

    private static JsonNode? Value(ref WireReader reader, Schema schema, int depth)
    {
        if (WellKnown.Read(schema, reader.Bytes, depth) is { IsWellKnown: true } known)
        {
            return known.Value;
        }

        switch (schema.Type)
        {
            case SchemaType.String:
                return schema.Format == "byte" ? Convert.ToBase64String(reader.Bytes) : Text(reader.Bytes);
            case SchemaType.Boolean:
                return reader.Value != 0;
            case SchemaType.Integer:
                return (long)reader.Value;
            case SchemaType.Number:
                return BitConverter.UInt64BitsToDouble(reader.Value);
            default:
                return Message(reader.Bytes, schema, depth);
        }
    }

    /// <summary>A message as the object that its type says.</summary>
    internal static JsonObject Message(ReadOnlySpan<byte> bytes, Schema schema, int depth)
    {
        var json = new JsonObject();
        if (schema.Name is { } type && !bytes.IsEmpty)
        {
            ReadMessage(bytes, json, schema, Numbers(type), depth + 1);
        }

        return json;
    }

    /// <summary>A list as the value of a map is wrapped in a message: items = 1.</summary>
    private static JsonArray Strings(ReadOnlySpan<byte> bytes)
    {
        var items = new JsonArray();
        var reader = new WireReader(bytes);
        while (reader.Next())
        {
            items.Add((JsonNode)Text(reader.Bytes));
        }

        return items;
    }

    private static JsonNode? Zero(Schema schema) => schema.Type switch
    {
        SchemaType.String => "",
        SchemaType.Boolean => false,
        SchemaType.Integer or SchemaType.Number => 0,
        SchemaType.Array => new JsonArray(),
        _ => schema.Name == WellKnown.Quantity ? "0" : new JsonObject(),
    };

    internal static string Text(ReadOnlySpan<byte> bytes) => StrictText.GetString(bytes);

    private static readonly UTF8Encoding StrictText = new(false, throwOnInvalidBytes: true);
}
