using System.Globalization;
using System.Numerics;
using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>shopspring's decimal, as far as Sprig computes with it: a float's shortest decimal, divided to 16 places.</summary>
internal readonly record struct BigRational(BigInteger Value, int Exponent)
{
    /// <summary>Places behind the point that a division keeps.</summary>
    private const int DivisionPrecision = 16;

    public static BigRational Of(double v)
    {
        if (!double.IsFinite(v))
        {
            throw new GoException($"Cannot create a Decimal from {GoFloat.Format(v, 'g', -1)}");
        }

        (string digits, int exponent) = GoFloat.Shortest(Math.Abs(v));
        BigInteger value = BigInteger.Parse(digits, CultureInfo.InvariantCulture);
        return new BigRational(v < 0 ? -value : value, exponent - digits.Length + 1);
    }

    private static (BigInteger A, BigInteger B, int Exponent) Align(BigRational x, BigRational y)
    {
        int exponent = Math.Min(x.Exponent, y.Exponent);
        return (x.Value * BigInteger.Pow(10, x.Exponent - exponent), y.Value * BigInteger.Pow(10, y.Exponent - exponent), exponent);
    }

    public static BigRational operator +(BigRational x, BigRational y) => Align(x, y) is var (a, b, e) ? new(a + b, e) : default;

    public static BigRational operator -(BigRational x, BigRational y) => Align(x, y) is var (a, b, e) ? new(a - b, e) : default;

    public static BigRational operator *(BigRational x, BigRational y) => new(x.Value * y.Value, x.Exponent + y.Exponent);

    public BigRational DividedBy(BigRational y)
    {
        if (y.Value.IsZero)
        {
            throw new GoException("decimal division by 0");
        }

        (BigInteger a, BigInteger b, _) = Align(this, y);
        BigInteger q = BigInteger.DivRem(BigInteger.Abs(a) * BigInteger.Pow(10, DivisionPrecision), BigInteger.Abs(b), out BigInteger rest);
        q += rest * 2 >= BigInteger.Abs(b) ? 1 : 0;
        return new BigRational(a.Sign * b.Sign < 0 ? -q : q, -DivisionPrecision);
    }

    public double ToDouble() => double.Parse(string.Create(CultureInfo.InvariantCulture, $"{Value}e{Exponent}"), NumberStyles.Float, CultureInfo.InvariantCulture);
}
