using System.Numerics;

namespace Orrery.Machinery.Wire;

/// <summary>Numbers of varying length (protobuf encoding, base 128 varints).</summary>
internal static class WireBytes
{
    public const int LongestVarint = 10;

    public static int VarintLength(ulong value) => (BitOperations.Log2(value | 1) / 7) + 1;

    /// <returns>Bytes that were written.</returns>
    public static int Varint(Span<byte> to, ulong value)
    {
        int count = 0;
        for (; value >= 0x80; value >>= 7)
        {
            to[count++] = (byte)(value | 0x80);
        }

        to[count++] = (byte)value;
        return count;
    }
}
