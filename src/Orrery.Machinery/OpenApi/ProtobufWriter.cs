using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Orrery.Machinery.OpenApi;

/// <summary>Writes members of JSON objects as fields of protobuf messages. What is absent, empty or zero is not written, as in proto3.</summary>
internal sealed class ProtobufWriter
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Delimited = 2;

    private readonly MemoryStream buffer = new();

    public byte[] ToArray() => buffer.ToArray();

    /// <param name="chosen">Of several that could stand here this one does: written even when it is empty.</param>
    public void Text(int number, string text, bool chosen = false)
    {
        if (text.Length > 0 || chosen)
        {
            Bytes(number, Encoding.UTF8.GetBytes(text));
        }
    }

    public void Text(int number, JsonElement of, string member)
    {
        if (of.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.String)
        {
            Text(number, value.GetString()!);
        }
    }

    public void Texts(int number, JsonElement of, string member)
    {
        foreach (JsonElement item in Items(of, member))
        {
            Bytes(number, Encoding.UTF8.GetBytes(item.GetString()!));
        }
    }

    /// <param name="chosen">Of several that could stand here this one does: written even when it is false.</param>
    public void Flag(int number, bool value, bool chosen = false)
    {
        if (value || chosen)
        {
            Tag(number, Varint);
            buffer.WriteByte(value ? (byte)1 : (byte)0);
        }
    }

    public void Flag(int number, JsonElement of, string member) => Flag(number, of.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.True);

    public void Number(int number, JsonElement of, string member)
    {
        if (of.TryGetProperty(member, out JsonElement value) && value.TryGetInt64(out long whole) && whole != 0)
        {
            Tag(number, Varint);
            Unsigned((ulong)whole);
        }
    }

    public void Real(int number, JsonElement of, string member)
    {
        if (of.TryGetProperty(member, out JsonElement value))
        {
            Real(number, value.GetDouble());
        }
    }

    /// <param name="chosen">Of several that could stand here this one does: written even when it is zero.</param>
    public void Real(int number, double value, bool chosen = false)
    {
        if (value != 0 || chosen)
        {
            Tag(number, Fixed64);
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
            buffer.Write(bytes);
        }
    }

    /// <summary>gnostic's Any: the value as YAML, of which JSON is a part.</summary>
    public void Any(int number, JsonElement of, string member)
    {
        if (of.TryGetProperty(member, out JsonElement value))
        {
            Any(number, value);
        }
    }

    public void Anys(int number, JsonElement of, string member)
    {
        foreach (JsonElement item in Items(of, member))
        {
            Any(number, item);
        }
    }

    public void Message(int number, JsonElement value, Action<ProtobufWriter, JsonElement> write)
    {
        var below = new ProtobufWriter();
        write(below, value);
        Bytes(number, below.buffer.GetBuffer().AsSpan(0, (int)below.buffer.Length));
    }

    public void Message(int number, JsonElement of, string member, Action<ProtobufWriter, JsonElement> write)
    {
        if (of.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.Object)
        {
            Message(number, value, write);
        }
    }

    public void Each(int number, JsonElement of, string member, Action<ProtobufWriter, JsonElement> write)
    {
        foreach (JsonElement item in Items(of, member))
        {
            Message(number, item, write);
        }
    }

    /// <summary>A map: pairs of a name and a message, in order of the names.</summary>
    public void Named(int number, JsonElement map, Action<ProtobufWriter, JsonElement> write)
    {
        foreach (JsonProperty member in map.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
        {
            Message(number, member.Value, (pair, value) =>
            {
                pair.Text(1, member.Name);
                pair.Message(2, value, write);
            });
        }
    }

    /// <summary>Members that begin with <c>x-</c>, as gnostic's NamedAny.</summary>
    public void Extensions(int number, JsonElement of)
    {
        foreach (JsonProperty member in of.EnumerateObject().Where(m => m.Name.StartsWith("x-", StringComparison.Ordinal)))
        {
            Message(number, member.Value, (named, value) =>
            {
                named.Text(1, member.Name);
                named.Any(2, value);
            });
        }
    }

    private static IEnumerable<JsonElement> Items(JsonElement of, string member) =>
        of.TryGetProperty(member, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    private void Any(int number, JsonElement value) => Message(number, value, static (any, json) => any.Text(2, json.GetRawText()));

    private void Bytes(int number, ReadOnlySpan<byte> bytes)
    {
        Tag(number, Delimited);
        Unsigned((ulong)bytes.Length);
        buffer.Write(bytes);
    }

    private void Tag(int number, int type) => Unsigned((ulong)((number << 3) | type));

    private void Unsigned(ulong value)
    {
        while (value >= 0x80)
        {
            buffer.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }

        buffer.WriteByte((byte)value);
    }
}
