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
                if (verb is 'v' or 'w')
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
}
