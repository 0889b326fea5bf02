using System.Buffers;

namespace Orrery.Storage.Etcd.Protocol;

/// <summary>
/// Writes a protocol buffers message. A nested message is written to a writer of its own, as its length comes first.
/// Fields that hold their default are left out, as proto3 has it.
/// </summary>
internal sealed class ProtoWriter
{
    private const int Varint = 0;
    private const int LengthDelimited = 2;

    private readonly ArrayBufferWriter<byte> buffer = new();

    public ReadOnlyMemory<byte> Written => buffer.WrittenMemory;

    public ProtoWriter Int(int field, long value)
    {
        if (value != 0)
        {
            Tag(field, Varint);
            Number((ulong)value);
        }

        return this;
    }

    /// <summary>A number of a <c>oneof</c>, which is written also when it is zero.</summary>
    public ProtoWriter OneOf(int field, long value)
    {
        Tag(field, Varint);
        Number((ulong)value);
        return this;
    }

    public ProtoWriter Flag(int field, bool value) => Int(field, value ? 1 : 0);

    public ProtoWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            Block(field, value);
        }

        return this;
    }

    /// <summary>A message, which is written also when it is empty: that it is there says something.</summary>
    public ProtoWriter Message(int field, ProtoWriter value)
    {
        Block(field, value.Written.Span);
        return this;
    }

    private void Block(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, LengthDelimited);
        Number((ulong)value.Length);
        buffer.Write(value);
    }

    private void Tag(int field, int wireType) => Number(((ulong)field << 3) | (uint)wireType);

    private void Number(ulong value)
    {
        Span<byte> span = buffer.GetSpan(10);
        int length = 0;
        while (value > 0x7f)
        {
            span[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[length++] = (byte)value;
        buffer.Advance(length);
    }
}
