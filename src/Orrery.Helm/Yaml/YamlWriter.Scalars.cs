using System.Globalization;
using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Yaml;

// The styles of scalars. Lines are folded at the first space behind the best width, as libyaml does it.
internal sealed partial class YamlWriter
{
    private enum Style
    {
        Plain, Single, Double, Literal,
    }

    private void Text(string s, int indent, bool simpleKey)
    {
        var shape = new ScalarShape(s, indentSequences);
        Style style = s.Contains('\n', StringComparison.Ordinal) ? Style.Literal : YamlResolve.NeedsQuotes(s) ? Style.Double : Style.Plain;
        if (simpleKey && shape.Multiline)
        {
            style = Style.Double;
        }

        if (style == Style.Plain && (!shape.PlainAllowed || (s.Length == 0 && simpleKey)))
        {
            style = Style.Single;
        }

        if (style == Style.Single && !shape.SingleAllowed)
        {
            style = Style.Double;
        }

        if (style == Style.Literal && (!shape.BlockAllowed || simpleKey))
        {
            style = Style.Double;
        }

        switch (style)
        {
            case Style.Plain:
                Plain(s, indent, !simpleKey);
                return;
            case Style.Single:
                Single(s, indent, !simpleKey);
                return;
            case Style.Double:
                Double(s, indent, !simpleKey);
                return;
            default:
                Literal(s, indent);
                return;
        }
    }

    private void Plain(string s, int indent, bool fold)
    {
        if (!whitespace)
        {
            Put(" ");
        }

        bool spaces = false;
        foreach ((int at, int rune, int size) in Utf8.Runes(s))
        {
            if (rune == ' ' && fold && !spaces && column > bestWidth && !(at + 1 < s.Length && s[at + 1] == ' '))
            {
                Indent(indent);
                spaces = true;
                continue;
            }

            Put(s.Substring(at, size));
            spaces = rune == ' ';
            indention = indention && spaces;
        }

        whitespace = false;
        indention = false;
    }

    private void Single(string s, int indent, bool fold)
    {
        Indicator("'", true, false, false);
        bool spaces = false;
        foreach ((int at, int rune, int size) in Utf8.Runes(s))
        {
            if (rune == ' ' && fold && !spaces && column > bestWidth && at > 0 && at < s.Length - 1 && s[at + 1] != ' ')
            {
                Indent(indent);
                spaces = true;
                continue;
            }

            Put(rune == '\'' ? "''" : s.Substring(at, size));
            spaces = rune == ' ';
            indention = indention && spaces;
        }

        Indicator("'", false, false, false);
        whitespace = false;
        indention = false;
    }

    private void Double(string s, int indent, bool fold)
    {
        Indicator("\"", true, false, false);
        bool spaces = false;
        foreach ((int at, int rune, int size) in Utf8.Runes(s))
        {
            if (!ScalarShape.IsPrintable(rune) || ScalarShape.IsBreak(rune) || rune is '"' or '\\')
            {
                Put(Escape(rune));
                spaces = false;
            }
            else if (rune == ' ')
            {
                if (fold && !spaces && column > bestWidth && at > 0 && at < s.Length - 1)
                {
                    Indent(indent);
                    if (s[at + 1] == ' ')
                    {
                        Put("\\");
                    }
                }
                else
                {
                    Put(" ");
                }

                spaces = true;
            }
            else
            {
                Put(s.Substring(at, size));
                spaces = false;
            }
        }

        Indicator("\"", false, false, false);
        whitespace = false;
        indention = false;
    }

    private static string Escape(int rune) => rune switch
    {
        0 => "\\0",
        7 => "\\a",
        8 => "\\b",
        9 => "\\t",
        10 => "\\n",
        11 => "\\v",
        12 => "\\f",
        13 => "\\r",
        27 => "\\e",
        '"' => "\\\"",
        '\\' => "\\\\",
        0x85 => "\\N",
        0xA0 => "\\_",
        0x2028 => "\\L",
        0x2029 => "\\P",
        <= 0xFF => "\\x" + rune.ToString("X2", CultureInfo.InvariantCulture),
        <= 0xFFFF => "\\u" + rune.ToString("X4", CultureInfo.InvariantCulture),
        _ => "\\U" + rune.ToString("X8", CultureInfo.InvariantCulture),
    };

    private void Literal(string s, int indent)
    {
        Indicator("|", true, false, false);
        if (s[0] is ' ' or '\n' or '\r')
        {
            Indicator("2", false, false, false);
        }

        if (s[^1] != '\n')
        {
            Indicator("-", false, false, false);
        }
        else if (s.Length == 1 || s[^2] == '\n')
        {
            Indicator("+", false, false, false);
        }

        Break();
        indention = true;
        whitespace = true;
        bool breaks = true;
        // The final line end is the emitter's own, written when the next token starts a line.
        for (int i = 0; i < s.Length; i++)
        {
            if (s[i] == '\n')
            {
                Break();
                indention = true;
                breaks = true;
                continue;
            }

            if (breaks)
            {
                Indent(indent);
            }

            int size = Utf8.Decode(s, i).Size;
            Put(s.Substring(i, size));
            i += size - 1;
            indention = false;
            breaks = false;
        }
    }
}
