using System.Buffers.Binary;

namespace Orrery.Machinery.Wire;

/// <summary>How a field's value is laid out (protobuf encoding, wire types).</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>Reads the fields of one protobuf message in their order. Every fault is a <see cref="FormatException"/>.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> rest = message;

    public int Number { get; private set; }

    public WireType Type { get; private set; }

    /// <summary>The value of a varint or a fixed field.</summary>
    public ulong Value { get; private set; }

    /// <summary>The value of a length-delimited field.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public bool Next()
    {
        if (rest.IsEmpty)
        {
            return false;
        }

        ulong key = Varint();
        Number = checked((int)(key >> 3));
        Type = (WireType)(key & 7);
        switch (Type)
        {
            case WireType.Varint:
                Value = Varint();
                break;
            case WireType.Fixed64:
                Value = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case WireType.Fixed32:
                Value = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            case WireType.Bytes:
                ulong length = Varint();
                Bytes = length <= (ulong)rest.Length ? Take((int)length) : throw new FormatException("a field is longer than its message");
                break;
            default:
                throw new FormatException($"wire type {(int)Type} of field {Number} is not known");
        }

        return true;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Take(1)[0];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new FormatException("a number has more than ten bytes");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > rest.Length)
        {
            throw new FormatException("the message ends within a field");
        }

        ReadOnlySpan<byte> taken = rest[..count];
        rest = rest[count..];
        return taken;
    }
}
