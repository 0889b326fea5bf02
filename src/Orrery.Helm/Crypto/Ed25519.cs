using System.Numerics;
using System.Security.Cryptography;

namespace Orrery.Helm.Crypto;

/// <summary>Ed25519 signatures (RFC 8032), which .NET has not. Not constant in time: its keys live as long as one render.</summary>
internal static class Ed25519
{
    private readonly record struct Point(BigInteger X, BigInteger Y, BigInteger Z, BigInteger T);

    private static readonly BigInteger P = (BigInteger.One << 255) - 19;
    private static readonly BigInteger Order = (BigInteger.One << 252) + BigInteger.Parse("27742317777372353535851937790883648493", System.Globalization.CultureInfo.InvariantCulture);
    private static readonly BigInteger D = Mod(-121665 * Inverse(121666));
    private static readonly Point Base = Affine(4 * Inverse(5));

    public static byte[] PublicKey(byte[] seed) => Encode(Multiply(Secret(SHA512.HashData(seed))));

    public static byte[] Sign(byte[] seed, byte[] message)
    {
        byte[] hash = SHA512.HashData(seed);
        BigInteger secret = Secret(hash);
        byte[] publicKey = Encode(Multiply(secret));
        BigInteger r = Number(SHA512.HashData([.. hash[32..], .. message])) % Order;
        byte[] point = Encode(Multiply(r));
        BigInteger k = Number(SHA512.HashData([.. point, .. publicKey, .. message])) % Order;
        return [.. point, .. Bytes((r + (k * secret)) % Order)];
    }

    private static BigInteger Mod(BigInteger v) => ((v % P) + P) % P;

    private static BigInteger Inverse(BigInteger v) => BigInteger.ModPow(Mod(v), P - 2, P);

    private static BigInteger Number(ReadOnlySpan<byte> littleEndian) => new(littleEndian, isUnsigned: true);

    private static byte[] Bytes(BigInteger v)
    {
        var bytes = new byte[32];
        v.TryWriteBytes(bytes, out _, isUnsigned: true);
        return bytes;
    }

    private static BigInteger Secret(byte[] hash)
    {
        byte[] bytes = hash[..32];
        bytes[0] &= 248;
        bytes[31] = (byte)((bytes[31] & 127) | 64);
        return Number(bytes);
    }

    /// <summary>The point of a height whose other coordinate is even.</summary>
    private static Point Affine(BigInteger y)
    {
        y = Mod(y);
        BigInteger square = Mod(((y * y) - 1) * Inverse((D * y * y) + 1));
        BigInteger x = BigInteger.ModPow(square, (P + 3) / 8, P);
        if (Mod((x * x) - square) != 0)
        {
            x = Mod(x * BigInteger.ModPow(2, (P - 1) / 4, P));
        }

        x = x.IsEven ? x : P - x;
        return new Point(x, y, 1, Mod(x * y));
    }

    private static Point Add(Point a, Point b)
    {
        BigInteger m = Mod((a.Y - a.X) * (b.Y - b.X));
        BigInteger n = Mod((a.Y + a.X) * (b.Y + b.X));
        BigInteger c = Mod(2 * a.T * b.T * D);
        BigInteger d = Mod(2 * a.Z * b.Z);
        (BigInteger e, BigInteger f, BigInteger g, BigInteger h) = (n - m, d - c, d + c, n + m);
        return new Point(Mod(e * f), Mod(g * h), Mod(f * g), Mod(e * h));
    }

    private static Point Multiply(BigInteger factor)
    {
        var sum = new Point(0, 1, 1, 0);
        Point power = Base;
        for (; factor > 0; factor >>= 1)
        {
            sum = factor.IsEven ? sum : Add(sum, power);
            power = Add(power, power);
        }

        return sum;
    }

    private static byte[] Encode(Point p)
    {
        BigInteger inverse = Inverse(p.Z);
        byte[] bytes = Bytes(Mod(p.Y * inverse));
        bytes[31] |= (byte)(Mod(p.X * inverse).IsEven ? 0 : 128);
        return bytes;
    }
}
