using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Wire;

/// <summary>Types whose JSON form is a scalar, free JSON or one of several forms, and whose binary form is a message of its own.</summary>
internal static class WellKnown
{
    private const string Machinery = BuiltinTypes.Stem + "apimachinery.pkg.";
    private const string Extensions = BuiltinTypes.Stem + "apiextensions-apiserver.pkg.apis.apiextensions.v1.";

    /// <returns>Null for any other type.</returns>
    public static WireMessage? Message(string type) => type switch
    {
        Machinery + "apis.meta.v1.Time" => new WireMessage(type, WireForm.Time, []),
        Machinery + "apis.meta.v1.MicroTime" => new WireMessage(type, WireForm.MicroTime, []),
        Machinery + "api.resource.Quantity" => new WireMessage(type, WireForm.Quantity, []),
        Machinery + "util.intstr.IntOrString" => new WireMessage(type, WireForm.IntOrString, []),
        Machinery + "runtime.RawExtension" or Machinery + "apis.meta.v1.FieldsV1" or Extensions + "JSON" => new WireMessage(type, WireForm.Raw, []),
        Extensions + "JSONSchemaPropsOrArray" => Either(type, WireForm.SchemaOrMany, "schema=1m:.JSONSchemaProps many=2+m:.JSONSchemaProps"),
        Extensions + "JSONSchemaPropsOrStringArray" => Either(type, WireForm.SchemaOrMany, "schema=1m:.JSONSchemaProps many=2+s"),
        Extensions + "JSONSchemaPropsOrBool" => Either(type, WireForm.BooleanOrSchema, "allows=1!b schema=2m:.JSONSchemaProps"),
        _ => null,
    };

    /// <param name="message">Of any form but an object's.</param>
    /// <param name="depth">Messages around it.</param>
    public static JsonNode? Read(WireMessage message, ReadOnlySpan<byte> bytes, int depth) => message.Form switch
    {
        // string = 1
        WireForm.Quantity => KubernetesProtobuf.Text(First(bytes, 1)) is { Length: > 0 } text ? text : "0",
        WireForm.Time => Timestamp(bytes, "yyyy-MM-ddTHH:mm:ssZ"),
        WireForm.MicroTime => Timestamp(bytes, "yyyy-MM-ddTHH:mm:ss.ffffffZ"),
        WireForm.IntOrString => Either(bytes),

        // raw = 1 holds JSON
        WireForm.Raw => First(bytes, 1) is { IsEmpty: false } raw ? Json(raw) : null,
        _ => Either(message, bytes, depth),
    };

    private static WireMessage Either(string type, WireForm form, string facts) => new(type, form, WireNumbers.Fields(type, facts));

    /// <summary>seconds = 1, nanos = 2; Go's zero time is an empty message and null in JSON.</summary>
    private static JsonNode? Timestamp(ReadOnlySpan<byte> bytes, string format)
    {
        if (bytes.IsEmpty)
        {
            return null;
        }

        long seconds = 0, nanos = 0;
        var reader = new WireReader(bytes);
        while (reader.Next())
        {
            _ = reader.Number switch { 1 => seconds = (long)reader.Value, 2 => nanos = (long)reader.Value, _ => 0 };
        }

        return DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / 100).ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>type = 1 (0 is the number), intVal = 2, strVal = 3.</summary>
    private static JsonValue Either(ReadOnlySpan<byte> bytes)
    {
        long type = 0, number = 0;
        string text = "";
        var reader = new WireReader(bytes);
        while (reader.Next())
        {
            switch (reader.Number)
            {
                case 1:
                    type = (long)reader.Value;
                    break;
                case 2:
                    number = (long)reader.Value;
                    break;
                case 3:
                    text = KubernetesProtobuf.Text(reader.Bytes);
                    break;
            }
        }

        return type == 0 ? JsonValue.Create(number) : JsonValue.Create(text);
    }

    /// <summary>A schema, or what may stand in its place: schemas or texts, or a boolean.</summary>
    private static JsonNode? Either(WireMessage message, ReadOnlySpan<byte> bytes, int depth)
    {
        JsonObject? single = null;
        var several = new JsonArray();
        bool allows = false;
        var reader = new WireReader(bytes);
        while (reader.Next())
        {
            switch (message.Find(reader.Number))
            {
                case { Kind: WireKind.Boolean }:
                    allows = reader.Value != 0;
                    break;
                case { Kind: WireKind.Text }:
                    several.Add((JsonNode)KubernetesProtobuf.Text(reader.Bytes));
                    break;
                case { Count: WireCount.Many } field:
                    several.Add((JsonNode)KubernetesProtobuf.Object(reader.Bytes, field.Message, depth + 1));
                    break;
                case { } field:
                    single = KubernetesProtobuf.Object(reader.Bytes, field.Message, depth + 1);
                    break;
            }
        }

        return several.Count > 0 ? several : single is null && message.Form == WireForm.BooleanOrSchema ? allows : single;
    }

    private static ReadOnlySpan<byte> First(ReadOnlySpan<byte> bytes, int number)
    {
        var reader = new WireReader(bytes);
        while (reader.Next())
        {
            if (reader.Number == number)
            {
                return reader.Bytes;
            }
        }

        return default;
    }

    private static JsonNode? Json(ReadOnlySpan<byte> raw)
    {
        try
        {
            return JsonNode.Parse(raw);
        }
        catch (System.Text.Json.JsonException fault)
        {
            throw new FormatException("a raw extension holds no JSON", fault);
        }
    }
}
