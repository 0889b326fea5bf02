using Orrery.Helm.Go;

namespace Orrery.Helm.Yaml;

// The input, byte by byte: blanks, line ends, comments, and the way to the next token.
internal sealed partial class YamlScanner
{
    private int At(int ahead = 0) => pos + ahead < input.Length ? input[pos + ahead] : -1;

    /// <summary>How many bytes a line break takes here; 0 where there is none.</summary>
    private int BreakSize(int ahead = 0) => At(ahead) switch
    {
        '\r' when At(ahead + 1) == '\n' => 2,
        '\r' or '\n' => 1,
        0xC2 when At(ahead + 1) == 0x85 => 2,
        0xE2 when At(ahead + 1) == 0x80 && At(ahead + 2) is 0xA8 or 0xA9 => 3,
        _ => 0,
    };

    private bool IsBreak(int ahead = 0) => BreakSize(ahead) > 0;

    private bool IsBlank(int ahead = 0) => At(ahead) is ' ' or '\t';

    private bool IsEnd(int ahead = 0) => At(ahead) <= 0;

    private bool IsBreakOrEnd(int ahead = 0) => IsEnd(ahead) || IsBreak(ahead);

    private bool IsBlankOrEnd(int ahead = 0) => IsBlank(ahead) || IsBreakOrEnd(ahead);

    private void Advance()
    {
        index++;
        column++;
        pos += At() < 0x80 ? 1 : Math.Max(1, Utf8.Decode(input, pos).Size);
    }

    private void Advance(int characters)
    {
        for (; characters > 0; characters--)
        {
            Advance();
        }
    }

    private void SkipLine()
    {
        int size = BreakSize();
        index += size == 2 && At() == '\r' ? 2 : 1;
        pos += size;
        column = 0;
        line++;
    }

    private bool AtDocumentIndicator() =>
        column == 0 && (At() is '-' or '.') && At(1) == At() && At(2) == At() && IsBlankOrEnd(3);

    private void ToNextToken()
    {
        while (true)
        {
            if (column == 0 && At() == 0xEF && At(1) == 0xBB && At(2) == 0xBF)
            {
                Advance();
            }

            while (At() == ' ' || (At() == '\t' && (flowLevel > 0 || !simpleKeyAllowed)))
            {
                Advance();
            }

            if (At() == '#')
            {
                SkipComment();
            }

            if (!IsBreak())
            {
                return;
            }

            SkipLine();
            simpleKeyAllowed |= flowLevel == 0;
        }
    }

    private void SkipComment()
    {
        while (!IsBreakOrEnd())
        {
            Advance();
        }
    }
}
