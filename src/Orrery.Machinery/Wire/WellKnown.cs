using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Wire;

/// <summary>Types whose JSON form is a scalar, free JSON or one of several forms, and whose binary form is a message of its own.</summary>
internal static class WellKnown
{
    public const string Quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    private const string Time = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
    private const string MicroTime = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";
    private const string IntOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
    private const string RawExtension = "io.k8s.apimachinery.pkg.runtime.RawExtension";
    private const string FieldsV1 = "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1";
    private const string Extensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.";
    private const string FreeJson = Extensions + "JSON";
    private const string PropsOrArray = Extensions + "JSONSchemaPropsOrArray";
    private const string PropsOrBool = Extensions + "JSONSchemaPropsOrBool";
    private const string PropsOrTexts = Extensions + "JSONSchemaPropsOrStringArray";

    private static readonly Lazy<Schema> Props = new(() => BuiltinTypes.Instance.FindByName(Extensions + "JSONSchemaProps")!);

    /// <param name="depth">Messages around it.</param>
    /// <returns>Not well known: the schema says the rest.</returns>
    public static (bool IsWellKnown, JsonNode? Value) Read(Schema schema, ReadOnlySpan<byte> bytes, int depth) => schema.Name switch
    {
        // Quantity: string = 1
        Quantity => (true, KubernetesProtobuf.Text(First(bytes, 1)) is { Length: > 0 } text ? text : "0"),
        Time => (true, Timestamp(bytes, "yyyy-MM-ddTHH:mm:ssZ")),
        MicroTime => (true, Timestamp(bytes, "yyyy-MM-ddTHH:mm:ss.ffffffZ")),
        IntOrString => (true, Either(bytes)),

        // raw = 1 holds JSON
        RawExtension or FieldsV1 or FreeJson => (true, First(bytes, 1) is { IsEmpty: false } raw ? Json(raw) : null),
        PropsOrArray or PropsOrBool or PropsOrTexts => (true, PropsOr(schema.Name, bytes, depth)),
        _ => (false, null),
    };

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

    /// <summary>A schema (1, where the other is a boolean 2), or what may stand in its place: schemas or texts (2), or a boolean (1).</summary>
    private static JsonNode? PropsOr(string type, ReadOnlySpan<byte> bytes, int depth)
    {
        JsonObject? single = null;
        var several = new JsonArray();
        bool allows = false;
        var reader = new WireReader(bytes);
        while (reader.Next())
        {
            switch (reader.Number)
            {
                case 1 when type == PropsOrBool:
                    allows = reader.Value != 0;
                    break;
                case 2 when type == PropsOrTexts:
                    several.Add((JsonNode)KubernetesProtobuf.Text(reader.Bytes));
                    break;
                case 2 when type == PropsOrArray:
                    several.Add((JsonNode)KubernetesProtobuf.Message(reader.Bytes, Props.Value, depth + 1));
                    break;
                case 1 or 2:
                    single = KubernetesProtobuf.Message(reader.Bytes, Props.Value, depth + 1);
                    break;
            }
        }

        return several.Count > 0 ? several : single is null && type == PropsOrBool ? allows : single;
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
