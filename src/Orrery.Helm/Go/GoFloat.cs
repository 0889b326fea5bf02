using System.Globalization;
using System.Numerics;

namespace Orrery.Helm.Go;

/// <summary>Go's strconv.FormatFloat.</summary>
internal static class GoFloat
{
    /// <summary>Formats by verb (e, E, f, g, G); precision -1 is the shortest text that reads back as the same number.</summary>
    /// <param name="shortestExponent">The decimal exponent from which %g writes an exponent when precision is -1: 6 in strconv and fmt, 21 in JSON.</param>
    public static string Format(double v, char verb, int precision, int shortestExponent = 6, int bits = 64)
    {
        if (double.IsNaN(v))
        {
            return "NaN";
        }

        if (double.IsInfinity(v))
        {
            return v > 0 ? "+Inf" : "-Inf";
        }

        string sign = v < 0 || double.IsNegative(v) ? "-" : "";
        v = Math.Abs(v);
        char kind = char.ToLowerInvariant(verb);
        (string digits, int exponent) = precision < 0 ? Shortest(v, bits) : kind switch
        {
            'e' => Rounded(v, precision + 1),
            'f' => (Fixed(v, precision), 0),
            _ => Rounded(v, Math.Max(precision, 1)),
        };
        switch (kind)
        {
            case 'f' when precision >= 0:
                return sign + digits;
            case 'f':
                return sign + Plain(digits, exponent);
            case 'e':
                return sign + Exponential(digits, exponent, verb);
        }

        int limit = precision < 0 ? shortestExponent : Math.Max(precision, 1);
        if (precision >= 0 && digits.Length > limit)
        {
            digits = digits[..limit];
        }

        digits = digits.TrimEnd('0');
        digits = digits.Length == 0 ? "0" : digits;
        // A precision beyond the digits there are counts only as far as the digits go, when they cover the whole part.
        return exponent < -4 || exponent >= limit
            ? sign + Exponential(digits, exponent, verb == 'G' ? 'E' : 'e')
            : sign + Plain(digits, exponent);
    }

    /// <summary>Digits and the decimal exponent of the first of them.</summary>
    public static (string Digits, int Exponent) Shortest(double v, int bits = 64)
    {
        if (v == 0)
        {
            return ("0", 0);
        }

        string text = bits == 32 ? ((float)v).ToString("E8", CultureInfo.InvariantCulture) : v.ToString("R", CultureInfo.InvariantCulture);
        if (bits == 32)
        {
            text = ((float)v).ToString("R", CultureInfo.InvariantCulture);
        }

        int exponent = 0;
        int e = text.IndexOf('E', StringComparison.Ordinal);
        if (e >= 0)
        {
            exponent = int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            text = text[..e];
        }

        int dot = text.IndexOf('.', StringComparison.Ordinal);
        int whole = dot < 0 ? text.Length : dot;
        string digits = text.Replace(".", "", StringComparison.Ordinal);
        int zeros = digits.Length - digits.TrimStart('0').Length;
        digits = digits.Trim('0');
        return (digits, exponent + whole - 1 - zeros);
    }

    private static (string Digits, int Exponent) Rounded(double v, int count)
    {
        if (v == 0)
        {
            return (new string('0', count), 0);
        }

        // The exact value of the double is needed: .NET's E format rounds it correctly for any count.
        string text = v.ToString("E" + Math.Min(count - 1, 1000).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        int e = text.IndexOf('E', StringComparison.Ordinal);
        return (text[..e].Replace(".", "", StringComparison.Ordinal), int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
    }

    /// <summary>Exactly so many digits behind the point, half to even on the exact binary value.</summary>
    private static string Fixed(double v, int precision)
    {
        long bitsOf = BitConverter.DoubleToInt64Bits(v);
        int exponent = (int)((bitsOf >> 52) & 0x7FF);
        BigInteger mantissa = bitsOf & 0xFFFFFFFFFFFFF;
        if (exponent == 0)
        {
            exponent++;
        }
        else
        {
            mantissa |= 1L << 52;
        }

        exponent -= 1075;
        BigInteger scaled = mantissa * BigInteger.Pow(10, precision);
        if (exponent >= 0)
        {
            scaled <<= exponent;
        }
        else
        {
            BigInteger divisor = BigInteger.One << -exponent;
            scaled = BigInteger.DivRem(scaled, divisor, out BigInteger rest);
            int half = (rest * 2).CompareTo(divisor);
            if (half > 0 || (half == 0 && !scaled.IsEven))
            {
                scaled++;
            }
        }

        string text = scaled.ToString(CultureInfo.InvariantCulture).PadLeft(precision + 1, '0');
        return precision == 0 ? text : text[..^precision] + "." + text[^precision..];
    }

    private static string Plain(string digits, int exponent)
    {
        if (exponent < 0)
        {
            return "0." + new string('0', -exponent - 1) + digits;
        }

        return digits.Length <= exponent + 1
            ? digits + new string('0', exponent + 1 - digits.Length)
            : digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    private static string Exponential(string digits, int exponent, char e) =>
        digits[..1] + (digits.Length > 1 ? "." + digits[1..] : "") + e + (exponent < 0 ? '-' : '+') + Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);
}
