using System.Buffers;
using System.Buffers.Binary;

namespace Orrery.Machinery.Wire;

/// <summary>
/// Writes objects in Kubernetes' binary encoding, from the bytes of their JSON and without a tree between: fields in the order of their numbers and maps in that of their
/// keys, and those that Go holds as values though they be empty, so that the bytes are upstream's. What it needs is kept by each thread for the next object.
/// </summary>
/// <remarks>It writes from the end to the beginning: a message is preceded by its length, which is then known.</remarks>
public sealed class ProtobufEncoder : IDisposable
{
    /// <summary>Room beyond which it is not kept for the next object.</summary>
    private const int MostKept = 1 << 20;

    [ThreadStatic]
    private static ProtobufEncoder? spare;

    private readonly JsonIndex index = new();
    private byte[] room = new byte[8 << 10];

    /// <summary>Where what is written begins.</summary>
    private int at;

    private ProtobufEncoder()
    {
    }

    public static ProtobufEncoder Take()
    {
        ProtobufEncoder taken = spare ?? new ProtobufEncoder();
        spare = null;
        return taken;
    }

    /// <summary>One message, without the envelope.</summary>
    /// <param name="json">Members that the kind does not know are left out, apiVersion and kind among them.</param>
    /// <returns>Good until the next call.</returns>
    /// <exception cref="FormatException">The JSON is no object of the kind.</exception>
    public ReadOnlySpan<byte> Encode(ProtobufKind kind, ReadOnlyMemory<byte> json)
    {
        int message = index.Read(json, kind.Message);
        at = room.Length;
        Message(kind.Message, message);
        return room.AsSpan(at);
    }

    /// <summary>One object in its envelope.</summary>
    /// <inheritdoc cref="Encode"/>
    public ReadOnlySpan<byte> EncodeWhole(ProtobufKind kind, ReadOnlyMemory<byte> json)
    {
        int message = index.Read(json, kind.Message);
        at = room.Length;
        Copy(ProtobufKind.Tail);
        int end = room.Length - at;
        Message(kind.Message, message);
        Length(end);
        Copy(kind.Head);
        return room.AsSpan(at);
    }

    public void Dispose()
    {
        index.Clear();
        if (room.Length + index.Kept <= MostKept)
        {
            spare = this;
        }
    }

    private void Message(WireMessage message, int first)
    {
        WireField[] fields = message.Fields;
        for (int i = fields.Length - 1; i >= 0; i--)
        {
            WireField field = fields[i];
            int node = index.Place(first, i);
            if (node == 0)
            {
                if (field.IsAlways)
                {
                    Copy(field.Empty);
                }

                continue;
            }

            switch (field.Count)
            {
                case WireCount.One:
                    Value(field, node);
                    Copy(field.Tag);
                    break;
                case WireCount.Many:
                    for (; node != 0; node = index.At(node).Next)
                    {
                        Value(field, node);
                        Copy(field.Tag);
                    }

                    break;
                default:
                    Entries(field, node);
                    break;
            }
        }
    }

    private void Entries(WireField field, int entry)
    {
        for (; entry != 0; entry = index.At(entry).Next)
        {
            int end = room.Length - at;
            Value(field, index.At(entry).First);
            Byte((byte)(0x10 | (int)field.ValueType));
            Text(index.Text(index.At(entry)));
            Byte(0x0a);
            Length(end);
            Copy(field.Tag);
        }
    }

    private void Value(WireField field, int node)
    {
        switch (field.Kind)
        {
            case WireKind.Text:
                Text(index.Text(index.At(node)));
                break;
            case WireKind.Bytes:
                Base64(index.Text(index.At(node)));
                break;
            case WireKind.Integer or WireKind.Boolean:
                Varint((ulong)index.At(node).Value);
                break;
            case WireKind.Number:
                BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), index.At(node).Value);
                break;
            default:
                int end = room.Length - at;
                Content(field, node);
                Length(end);
                break;
        }
    }

    private void Content(WireField field, int node)
    {
        if (field.Kind == WireKind.TextList)
        {
            for (int item = index.At(node).First; item != 0; item = index.At(item).Next)
            {
                Text(index.Text(index.At(item)));
                Byte(0x0a);
            }

            return;
        }

        long value = index.At(node).Value;
        switch (field.Message.Form)
        {
            case WireForm.Quantity:
                Text(index.Text(index.At(node)) is { IsEmpty: false } amount ? amount : "0"u8);
                Byte(0x0a);
                break;
            case WireForm.Time or WireForm.MicroTime:
                if (index.At(node).Next != 0)
                {
                    Varint((ulong)index.At(node).First);
                    Byte(0x10);
                    Varint((ulong)value);
                    Byte(0x08);
                }

                break;
            case WireForm.IntOrString:
                bool isText = index.At(node).First != 0;
                Text(isText ? index.Text(index.At(node)) : []);
                Byte(0x1a);
                Varint(isText ? 0 : (ulong)value);
                Byte(0x10);
                Varint(isText ? 1UL : 0);
                Byte(0x08);
                break;
            case WireForm.Raw:
                if (index.Text(index.At(node)) is { IsEmpty: false } raw)
                {
                    Text(raw);
                    Byte(0x0a);
                }

                break;
            default:
                Message(field.Message, index.At(node).First);
                break;
        }
    }

    /// <summary>Bytes behind their length.</summary>
    private void Text(scoped ReadOnlySpan<byte> text)
    {
        Copy(text);
        Varint((ulong)text.Length);
    }

    private void Base64(ReadOnlySpan<byte> text)
    {
        int most = System.Buffers.Text.Base64.GetMaxDecodedFromUtf8Length(text.Length);
        Span<byte> to = Take(most);
        if (System.Buffers.Text.Base64.DecodeFromUtf8(text, to, out _, out int written) != OperationStatus.Done)
        {
            throw new FormatException("bytes that are no base64");
        }

        to[..written].CopyTo(to[(most - written)..]);
        at += most - written;
        Varint((ulong)written);
    }

    /// <summary>Of what was written since so much was.</summary>
    private void Length(int before) => Varint((ulong)(room.Length - at - before));

    private void Varint(ulong value)
    {
        if (value < 0x80)
        {
            Byte((byte)value);
            return;
        }

        WireBytes.Varint(Take(WireBytes.VarintLength(value)), value);
    }

    private void Byte(byte value)
    {
        if (at == 0)
        {
            Grow(1);
        }

        room[--at] = value;
    }

    private void Copy(scoped ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    private Span<byte> Take(int count)
    {
        if (at < count)
        {
            Grow(count);
        }

        at -= count;
        return room.AsSpan(at, count);
    }

    private void Grow(int count)
    {
        int written = room.Length - at;
        byte[] larger = GC.AllocateUninitializedArray<byte>(checked((int)Math.Min(Array.MaxLength, Math.Max(2L * room.Length, (long)written + count))));
        room.AsSpan(at).CopyTo(larger.AsSpan(larger.Length - written));
        room = larger;
        at = larger.Length - written;
    }
}
