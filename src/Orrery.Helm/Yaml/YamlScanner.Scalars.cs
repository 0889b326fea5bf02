using System.Globalization;
using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Yaml;

// Scalars in their five styles, with libyaml's folding of lines.
internal sealed partial class YamlScanner
{
    private readonly StringBuilder text = new();
    private readonly StringBuilder blanks = new();
    private readonly StringBuilder breaks = new();
    private string leadingBreak = "";

    private YamlSyntaxException Fault(YamlMark start, string message) => YamlSyntaxException.Scanning(start, Mark, message);

    private void Read(StringBuilder to)
    {
        int from = pos;
        Advance();
        to.Append(input, from, pos - from);
    }

    /// <summary>Takes a line break and gives its normal form: a line feed but for the separators of Unicode.</summary>
    private string ReadLine()
    {
        string read = At() == 0xE2 ? input.Substring(pos, 3) : "\n";
        SkipLine();
        return read;
    }

    /// <summary>Takes blanks and breaks between two lines or words of a plain or quoted scalar.</summary>
    /// <returns>Whether there was a line break.</returns>
    private bool Gap(bool broken, YamlMark start, int least)
    {
        while (IsBlank() || IsBreak())
        {
            if (IsBreak())
            {
                if (broken)
                {
                    breaks.Append(ReadLine());
                }
                else
                {
                    blanks.Clear();
                    leadingBreak = ReadLine();
                    broken = true;
                }
            }
            else if (!broken)
            {
                Read(blanks);
            }
            else if (column < least && At() == '\t')
            {
                throw Fault(start, "found a tab character that violates indentation");
            }
            else
            {
                Advance();
            }
        }

        return broken;
    }

    /// <summary>A single line break folds into a space; of several the first is dropped.</summary>
    private void Fold(bool broken)
    {
        if (!broken)
        {
            text.Append(blanks);
        }
        else if (leadingBreak.Length > 0 && leadingBreak[0] == '\n')
        {
            text.Append(breaks.Length == 0 ? " " : breaks.ToString());
        }
        else
        {
            text.Append(leadingBreak).Append(breaks);
        }

        blanks.Clear();
        breaks.Clear();
        leadingBreak = "";
    }

    private void PlainScalar()
    {
        YamlMark start = Mark;
        int least = indent + 1;
        bool gap = false;
        bool broken = false;
        text.Clear();
        while (!AtDocumentIndicator() && At() != '#')
        {
            while (!IsBlankOrEnd() && !(At() == ':' && IsBlankOrEnd(1)) && !(flowLevel > 0 && At() is ',' or '?' or '[' or ']' or '{' or '}'))
            {
                if (gap)
                {
                    Fold(broken);
                    gap = broken = false;
                }

                Read(text);
            }

            if (!IsBlank() && !IsBreak())
            {
                break;
            }

            gap = true;
            broken = Gap(broken, start, least);
            if (flowLevel == 0 && column < least)
            {
                break;
            }
        }

        blanks.Clear();
        breaks.Clear();
        leadingBreak = "";
        tokens.Add(new YamlToken(YamlTokenKind.Scalar, start, text.ToString(), IsPlain: true));
        simpleKeyAllowed |= broken;
    }

    private void FlowScalar(bool single)
    {
        YamlMark start = Mark;
        text.Clear();
        Advance();
        while (true)
        {
            if (AtDocumentIndicator())
            {
                throw Fault(start, "found unexpected document indicator");
            }

            if (IsEnd())
            {
                throw Fault(start, "found unexpected end of stream");
            }

            bool broken = Quoted(single, start);
            if (At() == (single ? '\'' : '"'))
            {
                Advance();
                tokens.Add(new YamlToken(YamlTokenKind.Scalar, start, text.ToString()));
                return;
            }

            broken = Gap(broken, start, 0);
            Fold(broken);
        }
    }

    /// <summary>What stands within quotes up to the next blank, break or closing quote; true when it ends in an escaped break.</summary>
    private bool Quoted(bool single, YamlMark start)
    {
        while (!IsBlankOrEnd())
        {
            int c = At();
            if (single && c == '\'')
            {
                if (At(1) != '\'')
                {
                    return false;
                }

                text.Append('\'');
                Advance(2);
            }
            else if (!single && c == '"')
            {
                return false;
            }
            else if (!single && c == '\\' && IsBreak(1))
            {
                Advance();
                SkipLine();
                return true;
            }
            else if (!single && c == '\\')
            {
                Escape(start);
            }
            else
            {
                Read(text);
            }
        }

        return false;
    }

    private void Escape(YamlMark start)
    {
        int digits = 0;
        switch (At(1))
        {
            case '0':
                text.Append('\0');
                break;
            case 'a':
                text.Append('\a');
                break;
            case 'b':
                text.Append('\b');
                break;
            case 't' or '\t':
                text.Append('\t');
                break;
            case 'n':
                text.Append('\n');
                break;
            case 'v':
                text.Append('\v');
                break;
            case 'f':
                text.Append('\f');
                break;
            case 'r':
                text.Append('\r');
                break;
            case 'e':
                text.Append('\x1b');
                break;
            case ' ' or '"' or '\'' or '\\':
                text.Append((char)At(1));
                break;
            case 'N':
                text.Append(Utf8.FromRune(0x85));
                break;
            case '_':
                text.Append(Utf8.FromRune(0xA0));
                break;
            case 'L':
                text.Append(Utf8.FromRune(0x2028));
                break;
            case 'P':
                text.Append(Utf8.FromRune(0x2029));
                break;
            case 'x':
                digits = 2;
                break;
            case 'u':
                digits = 4;
                break;
            case 'U':
                digits = 8;
                break;
            default:
                throw Fault(start, "found unknown escape character");
        }

        Advance(2);
        if (digits == 0)
        {
            return;
        }

        uint rune = 0;
        for (int i = 0; i < digits; i++)
        {
            if (At(i) is var d && (d < 0 || !char.IsAsciiHexDigit((char)d)))
            {
                throw Fault(start, "did not find expected hexdecimal number");
            }

            rune = (rune * 16) + uint.Parse(input.AsSpan(pos + i, 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }

        if (rune is (>= 0xD800 and <= 0xDFFF) or > 0x10FFFF)
        {
            throw Fault(start, "found invalid Unicode character escape code");
        }

        text.Append(Utf8.FromRune((int)rune));
        Advance(digits);
    }

    private void BlockScalar(bool literal)
    {
        YamlMark start = Mark;
        Advance();
        (int chomping, int increment) = BlockHeader(start);
        while (IsBlank())
        {
            Advance();
        }

        if (At() == '#')
        {
            SkipComment();
        }

        if (!IsBreakOrEnd())
        {
            throw Fault(start, "did not find expected comment or line break");
        }

        if (IsBreak())
        {
            SkipLine();
        }

        int at = increment == 0 ? 0 : indent >= 0 ? indent + increment : increment;
        text.Clear();
        string leading = "";
        var trailing = new StringBuilder();
        at = BlockBreaks(at, trailing, start);
        bool leadingBlank = false;
        while (column == at && !IsEnd())
        {
            bool trailingBlank = IsBlank();
            if (!literal && leading.StartsWith('\n') && !leadingBlank && !trailingBlank)
            {
                text.Append(trailing.Length == 0 ? " " : "");
            }
            else
            {
                text.Append(leading);
            }

            text.Append(trailing);
            trailing.Clear();
            leadingBlank = trailingBlank;
            int from = pos;
            SkipComment();
            text.Append(input, from, pos - from);
            leading = IsBreak() ? ReadLine() : "";
            at = BlockBreaks(at, trailing, start);
        }

        text.Append(chomping == -1 ? "" : leading).Append(chomping == 1 ? trailing : null);
        tokens.Add(new YamlToken(YamlTokenKind.Scalar, start, text.ToString()));
    }

    private (int Chomping, int Increment) BlockHeader(YamlMark start)
    {
        int chomping = 0;
        int increment = 0;
        for (int i = 0; i < 2; i++)
        {
            int c = At();
            if (c is '+' or '-' && chomping == 0)
            {
                chomping = c == '+' ? 1 : -1;
                Advance();
            }
            else if (c is >= '0' and <= '9' && increment == 0)
            {
                increment = c - '0';
                if (increment == 0)
                {
                    throw Fault(start, "found an indentation indicator equal to 0");
                }

                Advance();
            }
        }

        return (chomping, increment);
    }

    /// <summary>Takes empty lines; where the indentation is not known (0), the deepest of them and the first text decide it.</summary>
    private int BlockBreaks(int at, StringBuilder trailing, YamlMark start)
    {
        int deepest = 0;
        while (true)
        {
            while ((at == 0 || column < at) && At() == ' ')
            {
                Advance();
            }

            deepest = Math.Max(deepest, column);
            if ((at == 0 || column < at) && At() == '\t')
            {
                throw Fault(start, "found a tab character where an indentation space is expected");
            }

            if (!IsBreak())
            {
                return at > 0 ? at : Math.Max(1, Math.Max(deepest, indent + 1));
            }

            trailing.Append(ReadLine());
        }
    }
}
