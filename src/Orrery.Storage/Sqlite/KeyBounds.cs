using System.Text;

namespace Orrery.Storage.Sqlite;

/// <summary>The stretch of keys from one bound to below another, as bytes: the upper one need not be valid text.</summary>
internal readonly record struct KeyBounds(byte[] From, byte[] To)
{
    public static KeyBounds Of(string prefix, string? startAfter)
    {
        // The smallest key after another is that key and a zero byte.
        byte[] from = startAfter is not null && KeyOrder.Compare(startAfter, prefix) >= 0
            ? Encoding.UTF8.GetBytes(startAfter + '\0')
            : Encoding.UTF8.GetBytes(prefix);

        // 0xFF is in no UTF-8 text, so it ends all that begin with the prefix.
        return new KeyBounds(from, [.. Encoding.UTF8.GetBytes(prefix), 0xff]);
    }
}
