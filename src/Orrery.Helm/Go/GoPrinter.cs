using System.Globalization;
using System.Numerics;
using System.Text;

namespace Orrery.Helm.Go;

/// <summary>The state of one fmt.Sprintf: flags, width and precision of the verb at hand.</summary>
internal sealed partial class GoPrinter
{
    /// <summary>Go's own bound on width and precision.</summary>
    private const int MaxWidth = 1_000_000;

    private readonly StringBuilder b = new();
    private bool plus;
    private bool minus;
    private bool sharp;
    private bool space;
    private bool zero;
    private bool plusV;
    private bool sharpV;
    private int? width;
    private int? precision;

    public string Print(string format, IReadOnlyList<object?> values)
    {
        int next = 0;
        bool reordered = false;
        int end = format.Length;
        for (int i = 0; i < end;)
        {
            int percent = format.IndexOf('%', i);
            if (percent < 0)
            {
                b.Append(format, i, end - i);
                break;
            }

            b.Append(format, i, percent - i);
            i = percent + 1;
            Clear();
            i = Flags(format, i);
            bool afterIndex = false;
            bool goodIndex = true;
            (next, i, afterIndex) = ArgumentNumber(format, i, next, values.Count, ref reordered, ref goodIndex);
            if (i < end && format[i] == '*')
            {
                i++;
                (width, bool ok) = IntArgument(values, ref next);
                if (!ok)
                {
                    b.Append("%!(BADWIDTH)");
                }

                if (width < 0)
                {
                    width = -width;
                    minus = true;
                    zero = false;
                }

                afterIndex = false;
            }
            else
            {
                int at = i;
                (width, i) = Number(format, i);
                if (afterIndex && i > at)
                {
                    goodIndex = false;
                }
            }

            if (i + 1 <= end && i < end && format[i] == '.')
            {
                i++;
                if (afterIndex)
                {
                    goodIndex = false;
                }

                (next, i, afterIndex) = ArgumentNumber(format, i, next, values.Count, ref reordered, ref goodIndex);
                if (i < end && format[i] == '*')
                {
                    i++;
                    (precision, bool ok) = IntArgument(values, ref next);
                    if (precision < 0)
                    {
                        precision = null;
                        ok = false;
                    }

                    if (!ok)
                    {
                        b.Append("%!(BADPREC)");
                    }

                    afterIndex = false;
                }
                else
                {
                    (precision, i) = Number(format, i);
                    precision ??= 0;
                }
            }

            if (!afterIndex)
            {
                (next, i, afterIndex) = ArgumentNumber(format, i, next, values.Count, ref reordered, ref goodIndex);
            }

            if (i >= end)
            {
                b.Append("%!(NOVERB)");
                break;
            }

            (int verb, int size) = Utf8.Decode(format, i);
            i += size;
            if (verb == '%')
            {
                b.Append('%');
            }
            else if (!goodIndex)
            {
                b.Append("%!").Append(Utf8.FromRune(verb)).Append("(BADINDEX)");
            }
            else if (next >= values.Count)
            {
                b.Append("%!").Append(Utf8.FromRune(verb)).Append("(MISSING)");
            }
            else
            {
                if (verb == 'v')
                {
                    (sharpV, sharp) = (sharp, false);
                    (plusV, plus) = (plus, false);
                }

                Argument(values[next++], verb);
            }
        }

        if (!reordered && next < values.Count)
        {
            Clear();
            b.Append("%!(EXTRA ");
            for (int i = next; i < values.Count; i++)
            {
                b.Append(i > next ? ", " : "");
                if (values[i] is null)
                {
                    b.Append("<nil>");
                }
                else
                {
                    b.Append(GoTypes.TypeOf(values[i])).Append('=');
                    Argument(values[i], 'v');
                }
            }

            b.Append(')');
        }

        return b.ToString();
    }

    private void Clear()
    {
        plus = minus = sharp = space = zero = plusV = sharpV = false;
        width = precision = null;
    }

    private int Flags(string format, int i)
    {
        for (; i < format.Length; i++)
        {
            switch (format[i])
            {
                case '#':
                    sharp = true;
                    break;
                case '0':
                    zero = true;
                    break;
                case '+':
                    plus = true;
                    break;
                case '-':
                    minus = true;
                    break;
                case ' ':
                    space = true;
                    break;
                default:
                    return i;
            }
        }

        return i;
    }

    private static (int? Value, int Next) Number(string s, int i)
    {
        int start = i;
        int value = 0;
        while (i < s.Length && char.IsAsciiDigit(s[i]))
        {
            value = (value * 10) + s[i] - '0';
            if (value > MaxWidth)
            {
                return (null, i);
            }

            i++;
        }

        return (i > start ? value : null, i);
    }

    private static (int Next, int I, bool Found) ArgumentNumber(string format, int i, int next, int count, ref bool reordered, ref bool good)
    {
        if (i >= format.Length || format[i] != '[')
        {
            return (next, i, false);
        }

        reordered = true;
        int close = format.IndexOf(']', i);
        if (close < 0)
        {
            good = false;
            return (next, i + 1, false);
        }

        (int? n, int after) = Number(format, i + 1);
        if (n is { } index && after == close && index >= 1 && index <= count)
        {
            return (index - 1, close + 1, true);
        }

        good = false;
        return (next, close + 1, n is not null && after == close);
    }

    private static (int? Value, bool Ok) IntArgument(IReadOnlyList<object?> values, ref int next)
    {
        if (next >= values.Count)
        {
            return (null, false);
        }

        BigInteger? n = GoTypes.Integer(values[next++]);
        return n is { } v && BigInteger.Abs(v) <= MaxWidth ? ((int)v, true) : (null, false);
    }

    private void Bad(object? value, int verb)
    {
        b.Append("%!").Append(Utf8.FromRune(verb)).Append('(');
        if (value is null)
        {
            b.Append("<nil>");
        }
        else
        {
            b.Append(GoTypes.TypeOf(value)).Append('=');
            (bool p, bool m, bool s, bool sp, bool z, bool pv, bool sv, int? w, int? pr) = (plus, minus, sharp, space, zero, plusV, sharpV, width, precision);
            Clear();
            (plusV, sharpV) = (pv, sv);
            (plus, minus, sharp, space, zero, width, precision) = (p, m, s, sp, z, w, pr);
            Argument(value, 'v');
        }

        b.Append(')');
    }

    private void Argument(object? value, int verb)
    {
        if (value is null)
        {
            if (verb is 'T' or 'v')
            {
                Pad("<nil>");
            }
            else
            {
                Bad(null, verb);
            }

            return;
        }

        switch (verb)
        {
            case 'T':
                String(GoTypes.TypeOf(value), 's');
                return;
            case 'p':
                Bad(value, verb);
                return;
        }

        switch (value)
        {
            case bool flag:
                if (verb is 't' or 'v')
                {
                    Pad(flag ? "true" : "false");
                }
                else
                {
                    Bad(value, verb);
                }

                return;
            case double d:
                Float(d, 64, verb, value);
                return;
            case Complex c:
                ComplexNumber(c, verb);
                return;
            case string s:
                if (verb == 'v' && sharpV || verb is 'v' or 's' or 'x' or 'X' or 'q')
                {
                    String(s, verb);
                }
                else
                {
                    Bad(value, verb);
                }

                return;
            case GoObject { Text: { } text } when !sharpV && verb is 'v' or 's' or 'x' or 'X' or 'q':
                String(text, verb);
                return;
            case GoMap map:
                Map(map, verb);
                return;
            case GoSlice list:
                Slice(list, verb);
                return;
            case GoObject o when o.Kind is "struct" or "ptr":
                Struct(o, verb);
                return;
        }

        Integer(GoTypes.Integer(value)!.Value, value is byte or uint or ulong, verb, value);
    }

    private void Map(GoMap map, int verb)
    {
        b.Append(sharpV ? map.Type + (map.IsNil ? "(nil)" : "{") : "map[");
        if (sharpV && map.IsNil)
        {
            return;
        }

        bool first = true;
        foreach ((string key, object? value) in map.Sorted)
        {
            b.Append(first ? "" : sharpV ? ", " : " ");
            first = false;
            Argument(key, verb);
            b.Append(':');
            Element(value, map.Element, verb);
        }

        b.Append(sharpV ? '}' : ']');
    }

    /// <summary>A nil inside a container prints the same for every verb, and is not padded.</summary>
    private void Element(object? value, string type, int verb)
    {
        if (value is null && type == "interface {}")
        {
            b.Append(sharpV ? "interface {}(nil)" : "<nil>");
            return;
        }

        Argument(value, verb);
    }

    private void Slice(GoSlice list, int verb)
    {
        if (list.Type == "[]uint8")
        {
            Bytes(list, verb);
            return;
        }

        if (sharpV)
        {
            b.Append(list.Type);
            if (list.IsNil)
            {
                b.Append("(nil)");
                return;
            }
        }

        b.Append(sharpV ? '{' : '[');
        for (int i = 0; i < list.Count; i++)
        {
            b.Append(i == 0 ? "" : sharpV ? ", " : " ");
            Element(list.Items[i], list.Element, verb);
        }

        b.Append(sharpV ? '}' : ']');
    }

    private void Bytes(GoSlice list, int verb)
    {
        if (verb is 's' or 'x' or 'X' or 'q')
        {
            String(string.Concat(list.Items.Select(i => (char)(byte)i!)), verb);
            return;
        }

        b.Append(sharpV ? "[]byte{" : "[");
        for (int i = 0; i < list.Count; i++)
        {
            b.Append(i == 0 ? "" : sharpV ? ", " : " ");
            Argument(list.Items[i], verb);
        }

        b.Append(sharpV ? '}' : ']');
    }

    private void Struct(GoObject o, int verb)
    {
        bool pointer = o.Kind == "ptr";
        b.Append(pointer ? "&" : "").Append(sharpV ? o.Type.TrimStart('*') : "").Append('{');
        bool first = true;
        foreach ((string name, object? value) in o.Fields)
        {
            b.Append(first ? "" : sharpV ? ", " : " ");
            first = false;
            b.Append(plusV || sharpV ? name + ":" : "");
            Argument(value, verb);
        }

        b.Append('}');
    }
}
