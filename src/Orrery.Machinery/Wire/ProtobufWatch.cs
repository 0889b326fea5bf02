using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Orrery.Machinery.Wire;

/// <summary>
/// Events of a watch in Kubernetes' binary encoding: a length of four bytes, big-endian, and a metav1 WatchEvent (type = 1, object = 2) without envelope, whose
/// RawExtension (raw = 1) holds the object in one.
/// </summary>
public static class ProtobufWatch
{
    /// <param name="type">Such as <c>ADDED</c>.</param>
    /// <param name="enveloped">As <see cref="ProtobufEncoder.EncodeWhole"/> makes it.</param>
    public static void WriteEvent(IBufferWriter<byte> output, string type, ReadOnlySpan<byte> enveloped)
    {
        int extension = 1 + WireBytes.VarintLength((ulong)enveloped.Length) + enveloped.Length;
        int message = 2 + type.Length + 1 + WireBytes.VarintLength((ulong)extension) + extension;
        Span<byte> to = output.GetSpan(sizeof(int) + message);
        BinaryPrimitives.WriteInt32BigEndian(to, message);
        int at = sizeof(int);
        to[at++] = 0x0a;
        to[at++] = (byte)type.Length;
        at += Encoding.ASCII.GetBytes(type, to[at..]);
        to[at++] = 0x12;
        at += WireBytes.Varint(to[at..], (ulong)extension);
        to[at++] = 0x0a;
        at += WireBytes.Varint(to[at..], (ulong)enveloped.Length);
        enveloped.CopyTo(to[at..]);
        output.Advance(at + enveloped.Length);
    }
}
