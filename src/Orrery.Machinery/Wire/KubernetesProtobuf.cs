using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Wire;

/// <summary>
/// Reads bodies of <c>application/vnd.kubernetes.protobuf</c>, which kubectl's <c>create</c> commands and Go clients send for
/// built-in kinds, into the JSON form. An envelope (four magic bytes, then apimachinery's <c>runtime.Unknown</c>) says the
/// kind; the rest follows the field numbers of the built-in types. <see cref="ProtobufEncoder"/> is the way back.
/// </summary>
public static class KubernetesProtobuf
{
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    /// <summary>Deeper nesting than any built-in type has, and than schemas in definitions need.</summary>
    private const int MaxDepth = 200;

    private static readonly GroupVersionKind DeleteOptions = new("", "v1", "DeleteOptions");
    private static readonly GroupVersionKind Eviction = new("policy", "v1", "Eviction");
    private static readonly GroupVersionKind OlderEviction = Eviction with { Version = "v1beta1" };

    internal static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <summary>Whether it begins as an object of this encoding does, and no JSON.</summary>
    public static bool IsEnveloped(ReadOnlySpan<byte> body) => body.StartsWith(Magic);

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

    /// <summary>Why the bytes are no message at all; null where they may be one.</summary>
    public static string? FaultOfEnvelope(ReadOnlySpan<byte> body) =>
        body.IsEmpty ? "empty data"
        : !body.StartsWith(Magic) ? "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        : body.Length == Magic.Length ? "empty body"
        : null;

    private static JsonObject Read(ReadOnlySpan<byte> body)
    {
        if (FaultOfEnvelope(body) is { } unlike)
        {
            throw new FormatException(unlike);
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
        ProtobufKind known = ProtobufKind.Find(kind == DeleteOptions.Kind ? DeleteOptions : said == OlderEviction ? Eviction : said)
            ?? throw new FormatException($"no kind \"{kind}\" is registered for version \"{apiVersion}\"");
        JsonObject json = new() { ["apiVersion"] = apiVersion, ["kind"] = kind };
        ReadMessage(raw, json, known.Message, 0);
        return json;
    }

    private static void ReadMessage(ReadOnlySpan<byte> bytes, JsonObject into, WireMessage message, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new FormatException("the message is nested too deeply");
        }

        var reader = new WireReader(bytes);
        while (reader.Next())
        {
            // A number that is not known comes from a newer client: dropped, as Go does.
            if (message.Find(reader.Number) is not { } field)
            {
                continue;
            }

            if (field.IsEmbedded)
            {
                ReadMessage(reader.Bytes, into, field.Message, depth + 1);
            }
            else
            {
                ReadField(ref reader, into, field, depth);
            }
        }
    }

    private static void ReadField(ref WireReader reader, JsonObject into, WireField field, int depth)
    {
        switch (field.Count)
        {
            case WireCount.Many:
                if (into[field.Name] is not JsonArray array)
                {
                    into[field.Name] = array = [];
                }

                array.Add(Value(ref reader, field, depth));
                break;
            case WireCount.Map:
                if (into[field.Name] is not JsonObject map)
                {
                    into[field.Name] = map = [];
                }

                ReadEntry(reader.Bytes, map, field, depth);
                break;
            default:
                into[field.Name] = Value(ref reader, field, depth);
                break;
        }
    }

    /// <summary>An entry of a map is a message of its own: key = 1, value = 2.</summary>
    private static void ReadEntry(ReadOnlySpan<byte> bytes, JsonObject map, WireField field, int depth)
    {
        string key = "";
        JsonNode? value = Zero(field);
        var entry = new WireReader(bytes);
        while (entry.Next())
        {
            if (entry.Number == 1)
            {
                key = Text(entry.Bytes);
            }
            else if (entry.Number == 2)
            {
                value = Value(ref entry, field, depth);
            }
        }

        map[key] = value;
    }

    private static JsonNode? Value(ref WireReader reader, WireField field, int depth) => field.Kind switch
    {
        WireKind.Text => Text(reader.Bytes),
        WireKind.Bytes => Convert.ToBase64String(reader.Bytes),
        WireKind.Boolean => reader.Value != 0,
        WireKind.Integer => (long)reader.Value,
        WireKind.Number => BitConverter.UInt64BitsToDouble(reader.Value),
        WireKind.TextList => Texts(reader.Bytes),
        _ => field.Message.Form == WireForm.Message ? Object(reader.Bytes, field.Message, depth) : WellKnown.Read(field.Message, reader.Bytes, depth),
    };

    /// <summary>A message as an object.</summary>
    internal static JsonObject Object(ReadOnlySpan<byte> bytes, WireMessage message, int depth)
    {
        var json = new JsonObject();
        ReadMessage(bytes, json, message, depth + 1);
        return json;
    }

    private static JsonArray Texts(ReadOnlySpan<byte> bytes)
    {
        var items = new JsonArray();
        var reader = new WireReader(bytes);
        while (reader.Next())
        {
            items.Add((JsonNode)Text(reader.Bytes));
        }

        return items;
    }

    private static JsonNode? Zero(WireField field) => field.Kind switch
    {
        WireKind.Text or WireKind.Bytes => "",
        WireKind.Boolean => false,
        WireKind.Integer or WireKind.Number => 0,
        WireKind.TextList => new JsonArray(),
        _ => field.Message.Form == WireForm.Quantity ? "0" : new JsonObject(),
    };

    internal static string Text(ReadOnlySpan<byte> bytes) => StrictText.GetString(bytes);

    private static readonly UTF8Encoding StrictText = new(false, throwOnInvalidBytes: true);
}
