using System.Globalization;
using System.Text;
using Orrery.Machinery.Cel;

namespace Orrery.Machinery.Tests.Cel;

/// <summary>Values and types of the specification's tests in our terms. Null results mean: holds messages, which Kubernetes' dialect has not.</summary>
internal static class SpecValues
{
    public static bool TryRead(TextProto message, out object? value)
    {
        (bool known, value) = message.Names.Single() switch
        {
            "null_value" => (true, null),
            "bool_value" => (true, (object?)(message.Text("bool_value") == "true")),
            "int64_value" => (true, long.Parse(message.Text("int64_value")!, CultureInfo.InvariantCulture)),
            "uint64_value" => (true, ulong.Parse(message.Text("uint64_value")!, CultureInfo.InvariantCulture)),
            "double_value" => (true, Double(message.Text("double_value")!)),
            "string_value" => (true, message.Utf8("string_value")),
            "bytes_value" => (true, Encoding.Latin1.GetBytes(message.Text("bytes_value")!)),
            "type_value" => (CelLibrary.Types.TryGetValue(message.Text("type_value")!, out CelType? type), type),
            "list_value" => List(message.Message("list_value")!),
            "map_value" => Map(message.Message("map_value")!),
            "object_value" => Time(message.Message("object_value")!),
            _ => (false, null),
        };
        return known;
    }

    public static CelType? Type(TextProto? message) => message?.Names.FirstOrDefault() switch
    {
        "primitive" => message.Text("primitive") switch { "BOOL" => CelType.Bool, "INT64" => CelType.Int, "UINT64" => CelType.Uint, "DOUBLE" => CelType.Double, "STRING" => CelType.String, "BYTES" => CelType.Bytes, _ => null },
        "null" => CelType.Null,
        "dyn" => CelType.Dyn,
        "well_known" => message.Text("well_known") switch { "TIMESTAMP" => CelType.Timestamp, "DURATION" => CelType.Duration, _ => null },
        "list_type" => Type(message.Message("list_type")!.Message("elem_type")) is { } item ? CelType.List(item) : null,
        "map_type" => Type(message.Message("map_type")!.Message("key_type")) is { } key && Type(message.Message("map_type")!.Message("value_type")) is { } of ? CelType.Map(key, of) : null,
        "type" => Type(message.Message("type")) is { } of ? CelType.TypeOf(of) : CelType.TypeOf(CelType.Dyn),
        "abstract_type" when message.Message("abstract_type")!.Text("name") == "optional_type" && Type(message.Message("abstract_type")!.Message("parameter_types")) is { } of => CelType.Optional(of),
        _ => null,
    };

    private static double Double(string text) => text.ToLowerInvariant() switch { "inf" or "infinity" => double.PositiveInfinity, "-inf" or "-infinity" => double.NegativeInfinity, "nan" => double.NaN, _ => double.Parse(text, CultureInfo.InvariantCulture) };

    private static (bool, object?) List(TextProto message)
    {
        var items = new List<object?>();
        foreach (TextProto item in message.All("values"))
        {
            if (!TryRead(item, out object? value))
            {
                return (false, null);
            }

            items.Add(value);
        }

        return (true, new CelList(items));
    }

    private static (bool, object?) Map(TextProto message)
    {
        var map = new CelDictionary();
        foreach (TextProto entry in message.All("entries"))
        {
            if (!TryRead(entry.Message("key")!, out object? key) || !TryRead(entry.Message("value")!, out object? value))
            {
                return (false, null);
            }

            map.TryAdd(key, value);
        }

        return (true, map);
    }

    private static (bool, object?) Time(TextProto any)
    {
        string name = any.Names.Single();
        TextProto body = any.Message(name)!;
        long Number(string field) => long.Parse(body.Text(field) ?? "0", CultureInfo.InvariantCulture);
        return name switch
        {
            "[type.googleapis.com/google.protobuf.Timestamp]" => (true, new CelTimestamp(((Int128)Number("seconds") * CelTime.Second) + Number("nanos"))),
            "[type.googleapis.com/google.protobuf.Duration]" => (true, new CelDuration((Number("seconds") * CelTime.Second) + Number("nanos"))),
            _ => (false, null),
        };
    }
}
