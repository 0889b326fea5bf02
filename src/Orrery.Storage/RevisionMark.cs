using System.Buffers.Binary;

namespace Orrery.Storage;

/// <summary>A revision, and a time of day at which there was none newer.</summary>
/// <param name="At">To the millisecond, where it comes out of a store.</param>
internal readonly record struct RevisionMark(DateTimeOffset At, long Revision)
{
    private const int Size = 2 * sizeof(long);
    private static readonly long LastMillisecond = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>Sixteen bytes: the revision, and milliseconds since 1970, the highest byte first.</summary>
    public byte[] Encode()
    {
        byte[] bytes = new byte[Size];
        BinaryPrimitives.WriteInt64BigEndian(bytes, Revision);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(sizeof(long)), At.ToUnixTimeMilliseconds());
        return bytes;
    }

    /// <returns>Null where it is none, such as what servers wrote before there were any.</returns>
    public static RevisionMark? Decode(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Size && BinaryPrimitives.ReadInt64BigEndian(bytes[sizeof(long)..]) is >= 0 and var at && at <= LastMillisecond
            ? new RevisionMark(DateTimeOffset.FromUnixTimeMilliseconds(at), BinaryPrimitives.ReadInt64BigEndian(bytes))
            : null;
}
