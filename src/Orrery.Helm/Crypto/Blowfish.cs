using System.Numerics;

namespace Orrery.Helm.Crypto;

/// <summary>The Blowfish cipher with bcrypt's expensive key schedule (Provos and Mazières 1999).</summary>
internal sealed class Blowfish
{
    private const int Rounds = 16;

    // The cipher's initial state is the fraction of pi in binary: 18 words of P, then four S-boxes of 256 words.
    private static readonly Lazy<uint[]> Pi = new(() => FractionOfPi(Rounds + 2 + (4 * 256)));

    private readonly uint[] p = Pi.Value[..(Rounds + 2)];
    private readonly uint[] s = Pi.Value[(Rounds + 2)..];

    /// <summary>Mixes a key (and a salt, which bcrypt's first pass adds) into the state.</summary>
    public void Expand(ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt = default)
    {
        int at = 0;
        for (int i = 0; i < p.Length; i++)
        {
            p[i] ^= Word(key, ref at);
        }

        at = 0;
        (uint l, uint r) = (0, 0);
        foreach (uint[] part in new[] { p, s })
        {
            for (int i = 0; i < part.Length; i += 2)
            {
                if (!salt.IsEmpty)
                {
                    l ^= Word(salt, ref at);
                    r ^= Word(salt, ref at);
                }

                (l, r) = Encrypt(l, r);
                (part[i], part[i + 1]) = (l, r);
            }
        }
    }

    private static uint Word(ReadOnlySpan<byte> data, ref int at)
    {
        uint word = 0;
        for (int i = 0; i < 4; i++)
        {
            word = (word << 8) | data[at];
            at = (at + 1) % data.Length;
        }

        return word;
    }

    public (uint Left, uint Right) Encrypt(uint l, uint r)
    {
        for (int i = 0; i < Rounds; i += 2)
        {
            l ^= p[i];
            r ^= Mix(l);
            r ^= p[i + 1];
            l ^= Mix(r);
        }

        return (r ^ p[Rounds + 1], l ^ p[Rounds]);
    }

    private uint Mix(uint x) => unchecked(((s[x >> 24] + s[256 + ((x >> 16) & 0xFF)]) ^ s[512 + ((x >> 8) & 0xFF)]) + s[768 + (x & 0xFF)]);

    /// <summary>Machin's formula in fixed point: pi = 16 arctan(1/5) - 4 arctan(1/239).</summary>
    private static uint[] FractionOfPi(int words)
    {
        const int Guard = 64;
        int bits = (words * 32) + Guard;
        BigInteger one = BigInteger.One << bits;
        BigInteger fraction = (((16 * Arctangent(one, 5)) - (4 * Arctangent(one, 239))) % one) >> Guard;
        byte[] bytes = fraction.ToByteArray(isUnsigned: true, isBigEndian: true);
        var whole = new byte[words * 4];
        bytes.CopyTo(whole, whole.Length - bytes.Length);
        var result = new uint[words];
        int at = 0;
        for (int i = 0; i < words; i++)
        {
            result[i] = Word(whole, ref at);
        }

        return result;
    }

    private static BigInteger Arctangent(BigInteger one, int inverse)
    {
        BigInteger power = one / inverse;
        BigInteger sum = power;
        int square = inverse * inverse;
        for (int n = 3; !power.IsZero; n += 2)
        {
            power /= square;
            sum += n % 4 == 3 ? -(power / n) : power / n;
        }

        return sum;
    }
}
