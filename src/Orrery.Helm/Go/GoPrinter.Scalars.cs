using System.Globalization;
using System.Numerics;
using System.Text;

namespace Orrery.Helm.Go;

// Go's fmt/format.go: strings, integers, floats and complex numbers with their flags.
internal sealed partial class GoPrinter
{
    private void Pad(string s)
    {
        int missing = (width ?? 0) - (width is null ? 0 : Utf8.Count(s));
        if (missing <= 0)
        {
            b.Append(s);
        }
        else if (minus)
        {
            b.Append(s).Append(' ', missing);
        }
        else
        {
            b.Append(zero ? '0' : ' ', missing).Append(s);
        }
    }

    private string Truncated(string s)
    {
        if (precision is not { } limit)
        {
            return s;
        }

        foreach ((int at, _, _) in Utf8.Runes(s))
        {
            if (limit-- == 0)
            {
                return s[..at];
            }
        }

        return s;
    }

    private void String(string s, int verb)
    {
        switch (verb)
        {
            case 'v' when sharpV:
                Quoted(s);
                return;
            case 'v' or 's':
                Pad(Truncated(s));
                return;
            case 'q':
                Quoted(s);
                return;
            default:
                Hex(s, verb == 'X');
                return;
        }
    }

    private void Quoted(string s)
    {
        s = Truncated(s);
        bool backquote = sharp && s.All(c => c != '`' && c != 0x7F && (c >= ' ' || c == '\t')) && !Utf8.Runes(s).Any(r => r.Rune == 0xFEFF || (r.Rune == Utf8.ErrorRune && r.Size == 1));
        Pad(backquote ? $"`{s}`" : GoQuote.Quote(s, '"', plus));
    }

    private void Hex(string s, bool upper)
    {
        int length = precision is { } p && p < s.Length ? p : s.Length;
        var hex = new StringBuilder();
        for (int i = 0; i < length; i++)
        {
            if (space && i > 0)
            {
                hex.Append(' ');
            }

            if (sharp && (space || i == 0))
            {
                hex.Append(upper ? "0X" : "0x");
            }

            hex.Append(((int)s[i]).ToString(upper ? "X2" : "x2", CultureInfo.InvariantCulture));
        }

        Pad(hex.ToString());
    }

    private void Integer(BigInteger v, bool unsigned, int verb, object value)
    {
        switch (verb)
        {
            case 'v' when sharpV && unsigned:
                bool old = sharp;
                sharp = true;
                Digits(v, 16, verb, false);
                sharp = old;
                return;
            case 'v' or 'd':
                Digits(v, 10, verb, false);
                return;
            case 'b':
                Digits(v, 2, verb, false);
                return;
            case 'o' or 'O':
                Digits(v, 8, verb, false);
                return;
            case 'x':
                Digits(v, 16, verb, false);
                return;
            case 'X':
                Digits(v, 16, verb, true);
                return;
            case 'c':
                Pad(Utf8.FromRune(v < 0 || v > 0x10FFFF ? Utf8.ErrorRune : (int)v));
                return;
            case 'q':
                Pad(GoQuote.QuoteRune(v < 0 || v > 0x10FFFF ? Utf8.ErrorRune : (int)v, plus));
                return;
            case 'U':
                Unicode(v);
                return;
            default:
                Bad(value, verb);
                return;
        }
    }

    private void Unicode(BigInteger v)
    {
        BigInteger u = v < 0 ? v + (BigInteger.One << 64) : v;
        string digits = HexOf(u, true).PadLeft(Math.Max(4, precision ?? 4), '0');
        string text = "U+" + digits;
        if (sharp && u <= 0x10FFFF && GoQuote.IsPrint((int)u))
        {
            text += $" '{Utf8.FromRune((int)u)}'";
        }

        bool old = zero;
        zero = false;
        Pad(text);
        zero = old;
    }

    private static string HexOf(BigInteger v, bool upper)
    {
        string s = v.ToString(upper ? "X" : "x", CultureInfo.InvariantCulture).TrimStart('0');
        return s.Length == 0 ? "0" : s;
    }

    private static string InBase(BigInteger v, int numberBase, bool upper)
    {
        if (numberBase == 10)
        {
            return v.ToString(CultureInfo.InvariantCulture);
        }

        if (numberBase == 16)
        {
            return HexOf(v, upper);
        }

        if (v.IsZero)
        {
            return "0";
        }

        var digits = new StringBuilder();
        while (!v.IsZero)
        {
            digits.Insert(0, (char)('0' + (int)(v % numberBase)));
            v /= numberBase;
        }

        return digits.ToString();
    }

    private void Digits(BigInteger v, int numberBase, int verb, bool upper)
    {
        bool negative = v < 0;
        string digits = InBase(BigInteger.Abs(v), numberBase, upper);
        int least = 0;
        bool oldZero = zero;
        if (precision is { } p)
        {
            least = p;
            if (p == 0 && v.IsZero)
            {
                zero = false;
                b.Append(' ', width ?? 0);
                zero = oldZero;
                return;
            }
        }
        else if (zero && !minus && width is { } w)
        {
            least = w - (negative || plus || space ? 1 : 0);
        }

        digits = digits.PadLeft(least, '0');
        if (sharp)
        {
            digits = numberBase switch
            {
                2 => "0b" + digits,
                8 => digits[0] == '0' ? digits : "0" + digits,
                16 => (upper ? "0X" : "0x") + digits,
                _ => digits,
            };
        }

        if (verb == 'O')
        {
            digits = "0o" + digits;
        }

        digits = (negative ? "-" : plus ? "+" : space ? " " : "") + digits;
        zero = false;
        Pad(digits);
        zero = oldZero;
    }

    private void Float(double v, int bits, int verb, object value)
    {
        switch (verb)
        {
            case 'v':
                FloatText(v, bits, 'g', -1);
                return;
            case 'e' or 'E':
                FloatText(v, bits, (char)verb, 6);
                return;
            case 'f' or 'F':
                FloatText(v, bits, 'f', 6);
                return;
            case 'g' or 'G':
                FloatText(v, bits, (char)verb, -1);
                return;
            case 'b':
                long raw = BitConverter.DoubleToInt64Bits(v);
                int exponent = (int)((raw >> 52) & 0x7FF);
                long mantissa = raw & 0xFFFFFFFFFFFFF;
                mantissa |= exponent == 0 ? 0 : 1L << 52;
                exponent = Math.Max(exponent, 1) - 1075;
                Pad(string.Create(CultureInfo.InvariantCulture, $"{(raw < 0 ? "-" : plus ? "+" : "")}{mantissa}p{(exponent >= 0 ? "+" : "")}{exponent}"));
                return;
            case 'x' or 'X':
                SignedNumber(HexFloat(v, verb == 'X'), double.IsInfinity(v) || double.IsNaN(v));
                return;
            default:
                Bad(value, verb);
                return;
        }
    }

    private void FloatText(double v, int bits, char verb, int natural)
    {
        int p = precision ?? natural;
        string text = GoFloat.Format(v, verb, p, 6, bits);
        if (sharp && char.ToLowerInvariant(verb) != 'b' && !double.IsNaN(v) && !double.IsInfinity(v))
        {
            text = Sharp(text, verb, precision ?? (char.ToLowerInvariant(verb) == 'g' ? 6 : natural));
        }

        SignedNumber(text, double.IsInfinity(v) || double.IsNaN(v));
    }

    /// <summary>%#g keeps the point and pads with zeros to the precision.</summary>
    private static string Sharp(string text, char verb, int digits)
    {
        int e = text.IndexOfAny(['e', 'E']);
        string tail = e < 0 ? "" : text[e..];
        string head = e < 0 ? text : text[..e];
        int have = head.Count(char.IsAsciiDigit);
        string significant = head.TrimStart('-', '0', '.');
        have = head.TrimStart('-').StartsWith('0') ? Math.Max(significant.Count(char.IsAsciiDigit), head.Trim('-', '0', '.').Length == 0 ? 1 : 0) : have;
        if (!head.Contains('.', StringComparison.Ordinal))
        {
            head += ".";
        }

        return char.ToLowerInvariant(verb) == 'g' && have < digits ? head + new string('0', digits - have) + tail : head + tail;
    }

    private void SignedNumber(string text, bool special)
    {
        string sign = text[0] is '-' or '+' ? text[..1] : "+";
        string number = text[0] is '-' or '+' ? text[1..] : text;
        bool oldZero = zero;
        if (special)
        {
            zero = false;
        }

        if (plus || sign != "+" || space)
        {
            string shown = sign == "+" && space && !plus ? " " : sign;
            if (zero && !minus && width is { } w && w > number.Length + 1)
            {
                b.Append(shown).Append('0', w - number.Length - 1).Append(number);
            }
            else
            {
                zero = false;
                Pad(shown + number);
            }
        }
        else
        {
            Pad(special && text[0] == '+' && !plus ? "+" + number : number);
        }

        zero = oldZero;
    }

    private string HexFloat(double v, bool upper)
    {
        if (double.IsNaN(v) || double.IsInfinity(v))
        {
            return GoFloat.Format(v, 'g', -1);
        }

        long raw = BitConverter.DoubleToInt64Bits(v);
        string sign = raw < 0 ? "-" : "";
        int exponent = (int)((raw >> 52) & 0x7FF);
        long mantissa = raw & 0xFFFFFFFFFFFFF;
        if (exponent == 0 && mantissa == 0)
        {
            return sign + (upper ? "0X0P+00" : "0x0p+00");
        }

        mantissa |= exponent == 0 ? 0 : 1L << 52;
        exponent = Math.Max(exponent, 1) - 1023;
        while ((mantissa & (1L << 52)) == 0)
        {
            mantissa <<= 1;
            exponent--;
        }

        if (precision is { } few and < 13)
        {
            (mantissa, exponent) = Rounded(mantissa, exponent, 52 - (4 * few));
        }

        string digits = (mantissa & 0xFFFFFFFFFFFFF).ToString("x13", CultureInfo.InvariantCulture);
        digits = precision is { } p && p < 13 ? digits[..p] : digits.TrimEnd('0').PadRight(precision ?? 0, '0');
        string text = sign + "0x1" + (digits.Length > 0 ? "." + digits : "") + "p" + (exponent < 0 ? "-" : "+") + Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);
        return upper ? text.ToUpperInvariant() : text;
    }

    /// <summary>A mantissa of 53 bits without its lowest ones, rounded to even.</summary>
    private static (long Mantissa, int Exponent) Rounded(long mantissa, int exponent, int drop)
    {
        long unit = 1L << drop;
        long rest = mantissa & (unit - 1);
        mantissa -= rest;
        if (rest > unit / 2 || (rest == unit / 2 && (mantissa & unit) != 0))
        {
            mantissa += unit;
        }

        return mantissa >> 53 == 0 ? (mantissa, exponent) : (mantissa >> 1, exponent + 1);
    }

    private void ComplexNumber(Complex c, int verb)
    {
        if (verb is not ('v' or 'b' or 'g' or 'G' or 'x' or 'X' or 'f' or 'F' or 'e' or 'E'))
        {
            Bad(c, verb);
            return;
        }

        bool old = plus;
        b.Append('(');
        Float(c.Real, 64, verb, c);
        plus = true;
        Float(c.Imaginary, 64, verb, c);
        b.Append("i)");
        plus = old;
    }
}
