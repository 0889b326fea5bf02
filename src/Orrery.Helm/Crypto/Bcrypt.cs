using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Orrery.Helm.Crypto;

/// <summary>Password hashes in the form $2a$10$…</summary>
internal static class Bcrypt
{
    /// <summary>Two to this power is how often the key is mixed in; Go's default.</summary>
    private const int Cost = 10;

    public const int MaxPassword = 72;

    private const string Alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public static string Hash(byte[] password) => Hash(password, RandomNumberGenerator.GetBytes(16), Cost);

    public static string Hash(byte[] password, byte[] salt, int cost)
    {
        Templates.RenderBudget.Costly();
        byte[] key = [.. password, 0];
        var cipher = new Blowfish();
        cipher.Expand(key, salt);
        for (int i = 0; i < 1 << cost; i++)
        {
            cipher.Expand(key);
            cipher.Expand(salt);
        }

        byte[] data = Encoding.ASCII.GetBytes("OrpheanBeholderScryDoubt");
        for (int block = 0; block < data.Length; block += 8)
        {
            Span<byte> left = data.AsSpan(block, 4);
            Span<byte> right = data.AsSpan(block + 4, 4);
            (uint l, uint r) = (BinaryPrimitives.ReadUInt32BigEndian(left), BinaryPrimitives.ReadUInt32BigEndian(right));
            for (int i = 0; i < 64; i++)
            {
                (l, r) = cipher.Encrypt(l, r);
            }

            BinaryPrimitives.WriteUInt32BigEndian(left, l);
            BinaryPrimitives.WriteUInt32BigEndian(right, r);
        }

        // The last byte has never been part of the text.
        return FormattableString.Invariant($"$2a${cost:00}$") + Encode(salt) + Encode(data[..23]);
    }

    private static string Encode(byte[] data)
    {
        var b = new StringBuilder();
        int buffer = 0;
        int bits = 0;
        foreach (byte value in data)
        {
            buffer = (buffer << 8) | value;
            bits += 8;
            for (; bits >= 6; bits -= 6)
            {
                b.Append(Alphabet[(buffer >> (bits - 6)) & 63]);
            }
        }

        return bits > 0 ? b.Append(Alphabet[(buffer << (6 - bits)) & 63]).ToString() : b.ToString();
    }
}
