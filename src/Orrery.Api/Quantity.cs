using System.Globalization;
using System.Numerics;

namespace Orrery.Api;

/// <summary>How a quantity was written, and so how it is printed.</summary>
public enum QuantityFormat
{
    /// <summary><c>500m</c>, <c>1k</c>, <c>5M</c>.</summary>
    DecimalSI,

    /// <summary><c>1Ki</c>, <c>512Mi</c>.</summary>
    BinarySI,

    /// <summary><c>1e3</c>.</summary>
    DecimalExponent,
}

/// <summary>
/// An amount of a resource, exact, with upstream's canonical text (apimachinery <c>pkg/api/resource</c>): no fraction
/// digits, the largest suffix that loses nothing, nothing finer than a billionth (rounded up).
/// </summary>
public readonly struct Quantity : IEquatable<Quantity>, IComparable<Quantity>
{
    /// <summary>What a text that is no quantity is answered with.</summary>
    public const string FormatFault = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    private const int FinestExponent = -9;

    /// <summary>Before the point, with the exponent's: more than anybody counts, and few enough to count with. Upstream has no bound but that of a request.</summary>
    private const int MostDigits = 2000;

    /// <summary>An exponent moves the point by less than a thousand.</summary>
    private const int MostFraction = 1100;
    private static readonly string[] DecimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    private static readonly string[] BinarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

    /// <summary>Of those in binary form; others are as large as they are written.</summary>
    private static readonly BigInteger LargestBinary = long.MaxValue * BigInteger.Pow(10, -FinestExponent);

    private static readonly BigInteger Largest = BigInteger.Pow(10, MostDigits - FinestExponent);

    /// <summary>The value in billionths.</summary>
    private readonly BigInteger nano;

    private Quantity(BigInteger nano, QuantityFormat format)
    {
        this.nano = nano;
        Format = format;
    }

    public static Quantity Zero => default;

    public QuantityFormat Format { get; }

    public int Sign => nano.Sign;

    /// <summary>Rounded up to a whole number; the largest or smallest number where it does not fit, as a sum may not.</summary>
    public long Value => (long)BigInteger.Clamp(CeilingDivide(nano, BigInteger.Pow(10, 9)), long.MinValue, long.MaxValue);

    /// <summary>In thousandths, rounded up; the largest or smallest number where it does not fit.</summary>
    public long MilliValue => (long)BigInteger.Clamp(CeilingDivide(nano, BigInteger.Pow(10, 6)), long.MinValue, long.MaxValue);

    /// <summary>Rounded up to thousandths, in the same form.</summary>
    public Quantity RoundedToMilli() => new(CeilingDivide(nano, BigInteger.Pow(10, 6)) * BigInteger.Pow(10, 6), Format);

    /// <summary>Whether some whole number of <paramref name="unit"/> makes it up.</summary>
    public bool IsMultipleOf(Quantity unit) => nano % unit.nano == 0;

    /// <summary>The value as nearly as a floating-point number can have it; parts smaller than a thousandth count.</summary>
    public double ApproximateValue => IsWhole ? (double)(nano / BigInteger.Pow(10, 9)) : (double)nano / 1e9;

    public bool IsWhole => nano % BigInteger.Pow(10, 9) == 0;

    public static bool operator ==(Quantity left, Quantity right) => left.Equals(right);

    public static bool operator !=(Quantity left, Quantity right) => !left.Equals(right);

    public static bool operator <(Quantity left, Quantity right) => left.CompareTo(right) < 0;

    public static bool operator >(Quantity left, Quantity right) => left.CompareTo(right) > 0;

    public static bool operator <=(Quantity left, Quantity right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Quantity left, Quantity right) => left.CompareTo(right) >= 0;

    /// <summary>The sum keeps the left side's format unless that is zero, as upstream's Add does.</summary>
    public static Quantity operator +(Quantity left, Quantity right) => new(left.nano + right.nano, left.nano.IsZero ? right.Format : left.Format);

    public static Quantity operator -(Quantity left, Quantity right) => new(left.nano - right.nano, left.nano.IsZero ? right.Format : left.Format);

    public static Quantity operator *(Quantity left, long right) => new(left.nano * right, left.Format);

    public static Quantity FromWhole(long value, QuantityFormat format = QuantityFormat.DecimalSI) => new(value * BigInteger.Pow(10, 9), format);

    public static Quantity FromMilli(long value) => new(value * BigInteger.Pow(10, 6), QuantityFormat.DecimalSI);

    /// <exception cref="FormatException">With upstream's text.</exception>
    public static Quantity Parse(string text) => TryParse(text, out Quantity quantity, out string fault) ? quantity : throw new FormatException(fault);

    public static bool TryParse(string text, out Quantity quantity) => TryParse(text, out quantity, out _);

    /// <param name="fault">Upstream's text when the answer is false.</param>
    public static bool TryParse(string text, out Quantity quantity, out string fault)
    {
        quantity = default;
        fault = "";

        // 1. sign and number
        int at = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        bool negative = text.StartsWith('-');
        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        string whole = text[start..at];
        string fraction = "";
        if (at < text.Length && text[at] == '.')
        {
            int dot = ++at;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
            {
                at++;
            }

            fraction = text[dot..at];
        }

        if (whole.Length + fraction.Length == 0 || text.AsSpan(at).IndexOfAnyExcept("eEinumkKMGTP+-0123456789") >= 0)
        {
            fault = FormatFault;
            return false;
        }

        // 2. suffix
        if (!TryReadSuffix(text[at..], out QuantityFormat format, out BigInteger factor, out int exponent))
        {
            fault = "unable to parse quantity's suffix";
            return false;
        }

        // 3. no more digits than count: what is beyond the largest amount is that, and what is far behind the point only rounds up
        whole = whole.TrimStart('0');
        BigInteger largest = format == QuantityFormat.BinarySI ? LargestBinary : Largest;
        if (whole.Length > 0 && whole.Length + exponent > MostDigits)
        {
            quantity = new Quantity(negative ? -largest : largest, format);
            return true;
        }

        if (fraction.Length > MostFraction)
        {
            fraction = fraction.AsSpan(MostFraction).ContainsAnyExcept('0') ? fraction[..MostFraction] + "1" : fraction[..MostFraction];
        }

        // 4. value, scaled to billionths
        BigInteger digits = BigInteger.Parse("0" + whole + fraction, NumberStyles.None, CultureInfo.InvariantCulture) * factor;
        int scale = exponent - fraction.Length - FinestExponent;
        BigInteger value = scale >= 0 ? digits * BigInteger.Pow(10, scale) : CeilingDivide(digits, BigInteger.Pow(10, -scale));
        value = BigInteger.Min(value, largest);
        quantity = new Quantity(negative ? -value : value, format);
        return true;
    }

    public int CompareTo(Quantity other) => nano.CompareTo(other.nano);

    public bool Equals(Quantity other) => nano.Equals(other.nano);

    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);

    public override int GetHashCode() => nano.GetHashCode();

    /// <summary>The canonical text.</summary>
    public override string ToString()
    {
        if (nano.IsZero)
        {
            return "0";
        }

        BigInteger unit = BigInteger.Pow(10, 9);
        if (Format == QuantityFormat.BinarySI && BigInteger.Abs(nano) >= 1024 * unit && nano % unit == 0)
        {
            BigInteger value = nano / unit;
            int power = 0;
            while (power < BinarySuffixes.Length - 1 && value % 1024 == 0)
            {
                value /= 1024;
                power++;
            }

            return value.ToString(CultureInfo.InvariantCulture) + BinarySuffixes[power];
        }

        BigInteger mantissa = nano;
        int exponent = FinestExponent;
        while ((exponent < 18 || Format == QuantityFormat.DecimalExponent) && mantissa % 1000 == 0)
        {
            mantissa /= 1000;
            exponent += 3;
        }

        string number = mantissa.ToString(CultureInfo.InvariantCulture);
        return Format == QuantityFormat.DecimalExponent
            ? exponent == 0 ? number : string.Create(CultureInfo.InvariantCulture, $"{number}e{exponent}")
            : number + DecimalSuffixes[(exponent - FinestExponent) / 3];
    }

    private static bool TryReadSuffix(string suffix, out QuantityFormat format, out BigInteger factor, out int exponent)
    {
        format = QuantityFormat.DecimalSI;
        factor = 1;
        exponent = 0;
        int index = Array.IndexOf(DecimalSuffixes, suffix);
        if (index >= 0)
        {
            exponent = FinestExponent + (3 * index);
            return true;
        }

        index = Array.IndexOf(BinarySuffixes, suffix);
        if (index > 0)
        {
            format = QuantityFormat.BinarySI;
            factor = BigInteger.Pow(1024, index);
            return true;
        }

        format = QuantityFormat.DecimalExponent;
        return suffix[0] is 'e' or 'E' && int.TryParse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent) && Math.Abs(exponent) < 1000;
    }

    /// <summary>Away from zero for a remainder: amounts are never rounded down.</summary>
    private static BigInteger CeilingDivide(BigInteger value, BigInteger by)
    {
        BigInteger quotient = BigInteger.DivRem(value, by, out BigInteger rest);
        return rest.IsZero ? quotient : quotient + value.Sign;
    }
}
