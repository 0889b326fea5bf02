using System.Globalization;
using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>The escapes of html, js and urlquery.</summary>
internal static class Escapes
{
    public static string Html(string s)
    {
        var b = new StringBuilder(s.Length);
        foreach (char c in s)
        {
            b.Append(c switch { '\0' => Utf8.FromRune(Utf8.ErrorRune), '"' => "&#34;", '\'' => "&#39;", '&' => "&amp;", '<' => "&lt;", '>' => "&gt;", _ => c.ToString() });
        }

        return b.ToString();
    }

    public static string Js(string s)
    {
        var b = new StringBuilder(s.Length);
        foreach ((int at, int rune, int size) in Utf8.Runes(s))
        {
            switch (rune)
            {
                case '\\' or '\'' or '"':
                    b.Append('\\').Append((char)rune);
                    break;
                case '<' or '>' or '&' or '=':
                case < ' ':
                    b.Append("\\u00").Append(rune.ToString("X2", CultureInfo.InvariantCulture));
                    break;
                default:
                    b.Append(rune < 0x80 || GoQuote.IsPrint(rune) ? s.Substring(at, size) : "\\u" + rune.ToString("X4", CultureInfo.InvariantCulture));
                    break;
            }
        }

        return b.ToString();
    }

    /// <summary>url.QueryEscape.</summary>
    public static string Query(string s) => Percent(s, "-_.~", plus: true);

    /// <summary>Percent escapes of every byte that is no letter, digit or one of those allowed.</summary>
    public static string Percent(string s, string allowed, bool plus = false)
    {
        var b = new StringBuilder(s.Length);
        foreach (char c in s)
        {
            if (char.IsAsciiLetterOrDigit(c) || allowed.Contains(c, StringComparison.Ordinal))
            {
                b.Append(c);
            }
            else
            {
                b.Append(plus && c == ' ' ? "+" : "%" + ((int)c).ToString("X2", CultureInfo.InvariantCulture));
            }
        }

        return b.ToString();
    }
}
