using System.Globalization;
using System.Numerics;

namespace Orrery.Helm.Go;

/// <summary>Go's strconv readers.</summary>
internal static class GoParse
{
    /// <summary>An integer of any size in a base (0: by its prefix, with underscores as Go's literals allow); null when it is none.</summary>
    public static BigInteger? Integer(string text, int numberBase)
    {
        string s = text;
        bool negative = false;
        if (s.Length > 0 && s[0] is '+' or '-')
        {
            negative = s[0] == '-';
            s = s[1..];
        }

        int b = numberBase;
        if (b == 0)
        {
            if (!UnderscoresOk(s))
            {
                return null;
            }

            b = 10;
            if (s.Length > 1 && s[0] == '0')
            {
                (b, int cut) = char.ToLowerInvariant(s[1]) switch { 'x' => (16, 2), 'o' => (8, 2), 'b' => (2, 2), _ => (8, 1) };
                s = s[cut..];
            }

            s = s.Replace("_", "", StringComparison.Ordinal);
        }

        if (s.Length is 0 or > 4000)
        {
            return null;
        }

        BigInteger value = 0;
        foreach (char c in s)
        {
            int digit = c switch { >= '0' and <= '9' => c - '0', >= 'a' and <= 'f' => c - 'a' + 10, >= 'A' and <= 'F' => c - 'A' + 10, _ => 99 };
            if (digit >= b)
            {
                return null;
            }

            value = (value * b) + digit;
        }

        return negative ? -value : value;
    }

    /// <summary>The nearest float64; .NET's own conversion cuts digits off.</summary>
    public static double Rounded(BigInteger value) => double.Parse(value.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static bool UnderscoresOk(string s)
    {
        bool based = s.Length > 1 && s[0] == '0' && char.ToLowerInvariant(s[1]) is 'x' or 'o' or 'b';
        bool hex = based && char.ToLowerInvariant(s[1]) == 'x';
        char previous = based ? '0' : '^';
        for (int i = based ? 2 : 0; i < s.Length; i++)
        {
            bool digit = hex ? char.IsAsciiHexDigit(s[i]) : char.IsAsciiDigit(s[i]);
            if (s[i] == '_' && previous != '0')
            {
                return false;
            }

            if (!digit && s[i] != '_' && previous == '_')
            {
                return false;
            }

            previous = s[i] == '_' ? '_' : digit ? '0' : '!';
        }

        return previous != '_';
    }

    /// <summary>A float as strconv.ParseFloat reads it, without the range error; null when it is none.</summary>
    public static double? Float(string text)
    {
        string s = text;
        int sign = 1;
        if (s.Length > 0 && s[0] is '+' or '-')
        {
            sign = s[0] == '-' ? -1 : 1;
            s = s[1..];
        }

        switch (s.ToLowerInvariant())
        {
            case "inf" or "infinity":
                return sign * double.PositiveInfinity;
            case "nan" when text.Length == 3:
                return double.NaN;
        }

        bool hex = s.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (s.Contains('_', StringComparison.Ordinal))
        {
            if (!UnderscoresOk(s))
            {
                return null;
            }

            s = s.Replace("_", "", StringComparison.Ordinal);
        }

        if (hex)
        {
            return HexFloat(s[2..]) * sign;
        }

        if (s.Length == 0 || !(char.IsAsciiDigit(s[0]) || (s[0] == '.' && s.Length > 1 && char.IsAsciiDigit(s[1]))))
        {
            return null;
        }

        return double.TryParse(s, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double v) ? sign * v : null;
    }

    private static double? HexFloat(string s)
    {
        int p = s.IndexOfAny(['p', 'P']);
        if (p < 0 || !int.TryParse(s[(p + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int exponent))
        {
            return null;
        }

        string mantissa = s[..p];
        int dot = mantissa.IndexOf('.', StringComparison.Ordinal);
        int fraction = dot < 0 ? 0 : mantissa.Length - dot - 1;
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        return Integer(digits, 16) is { } value ? Math.ScaleB(Rounded(value), exponent - (4 * fraction)) : null;
    }
}
