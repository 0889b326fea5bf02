using System.Globalization;
using System.Text;

namespace Orrery.Helm.Go;

/// <summary>Go's strconv quoting, on byte strings.</summary>
internal static class GoQuote
{
    public static string Quote(string s, char quote = '"', bool ascii = false)
    {
        var b = new StringBuilder(s.Length + 2).Append(quote);
        foreach ((int at, int rune, int size) in Utf8.Runes(s))
        {
            if (rune == Utf8.ErrorRune && size == 1)
            {
                b.Append("\\x").Append(((int)s[at]).ToString("x2", CultureInfo.InvariantCulture));
                continue;
            }

            Escape(b, rune, quote, ascii);
        }

        return b.Append(quote).ToString();
    }

    public static string QuoteRune(int rune, bool ascii = false)
    {
        var b = new StringBuilder().Append('\'');
        Escape(b, Rune.IsValid(rune) ? rune : Utf8.ErrorRune, '\'', ascii);
        return b.Append('\'').ToString();
    }

    /// <summary>A rune as %#U prints it: U+002D '-'.</summary>
    public static string Unicode(int rune) =>
        $"U+{rune.ToString("X4", CultureInfo.InvariantCulture)}" + (IsPrint(rune) ? $" '{Utf8.FromRune(rune)}'" : "");

    public static bool IsPrint(int rune)
    {
        if (rune == ' ')
        {
            return true;
        }

        if (!Rune.IsValid(rune))
        {
            return false;
        }

        return Rune.GetUnicodeCategory(new Rune(rune)) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
    }

    private static void Escape(StringBuilder b, int rune, char quote, bool ascii)
    {
        if (rune == quote || rune == '\\')
        {
            b.Append('\\').Append((char)rune);
            return;
        }

        if (ascii ? rune < 0x80 && IsPrint(rune) : IsPrint(rune))
        {
            b.Append(Utf8.FromRune(rune));
            return;
        }

        b.Append(rune switch
        {
            7 => "\\a",
            8 => "\\b",
            12 => "\\f",
            10 => "\\n",
            13 => "\\r",
            9 => "\\t",
            11 => "\\v",
            < ' ' or 0x7f => "\\x" + rune.ToString("x2", CultureInfo.InvariantCulture),
            < 0x10000 => "\\u" + rune.ToString("x4", CultureInfo.InvariantCulture),
            _ => "\\U" + rune.ToString("x8", CultureInfo.InvariantCulture),
        });
    }

    /// <summary>Takes a Go string or character literal apart; null when it is none.</summary>
    public static string? Unquote(string s)
    {
        if (s.Length < 2 || s[0] != s[^1])
        {
            return null;
        }

        char quote = s[0];
        string body = s[1..^1];
        if (quote == '`')
        {
            return body.Replace("\r", "", StringComparison.Ordinal);
        }

        var b = new StringBuilder(body.Length);
        int runes = 0;
        for (int i = 0; i < body.Length; runes++)
        {
            if (body[i] == quote || body[i] == '\n')
            {
                return null;
            }

            if (body[i] != '\\')
            {
                int size = Utf8.Decode(body, i).Size;
                b.Append(body, i, size);
                i += size;
                continue;
            }

            int used = Escaped(body, i + 1, quote, b);
            if (used == 0)
            {
                return null;
            }

            i += 1 + used;
        }

        return quote == '\'' && runes != 1 ? null : b.ToString();
    }

    private static int Escaped(string s, int at, char quote, StringBuilder b)
    {
        if (at >= s.Length)
        {
            return 0;
        }

        char c = s[at];
        int simple = "abfnrtv\\".IndexOf(c, StringComparison.Ordinal);
        if (simple >= 0)
        {
            b.Append("\a\b\f\n\r\t\v\\"[simple]);
            return 1;
        }

        if (c == quote && c is '"' or '\'')
        {
            b.Append(c);
            return 1;
        }

        int digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (at + 1 + digits > s.Length || !uint.TryParse(s.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint v))
            {
                return 0;
            }

            if (c == 'x')
            {
                b.Append((char)v);
            }
            else if (Rune.IsValid((int)v))
            {
                b.Append(Utf8.FromRune((int)v));
            }
            else
            {
                return 0;
            }

            return 1 + digits;
        }

        if (c is >= '0' and <= '7' && at + 3 <= s.Length)
        {
            int v = 0;
            for (int i = 0; i < 3; i++)
            {
                if (s[at + i] is < '0' or > '7')
                {
                    return 0;
                }

                v = (v * 8) + s[at + i] - '0';
            }

            if (v > 255)
            {
                return 0;
            }

            b.Append((char)v);
            return 3;
        }

        return 0;
    }
}
