using System.Buffers;
using System.Globalization;
using System.Text;

namespace Orrery.Machinery.Schemas;

/// <summary>Finds the first fault of a pattern and says it as Go's <c>regexp/syntax</c> does: <c>error parsing regexp: missing closing ): `(a`</c>.</summary>
internal sealed class Re2Syntax
{
    private const int MaxRepeat = 1000;

    private static readonly SearchValues<char> Flags = SearchValues.Create("imsU");

    private readonly string pattern;
    private int at;
    private int depth;

    private Re2Syntax(string pattern) => this.pattern = pattern;

    /// <returns>Null when Go would take the pattern.</returns>
    public static string? Fault(string pattern)
    {
        try
        {
            new Re2Syntax(pattern).Read();
            return null;
        }
        catch (FormatException fault)
        {
            return $"error parsing regexp: {fault.Message}";
        }
    }

    private void Read()
    {
        bool repeatable = false;
        int lastOperator = -1;
        while (at < pattern.Length)
        {
            int start = at;
            switch (pattern[at])
            {
                case '(':
                    at++;
                    repeatable = Group(start);
                    break;
                case ')':
                    if (--depth < 0)
                    {
                        throw Refuse("unexpected )", pattern);
                    }

                    at++;
                    repeatable = true;
                    break;
                case '|':
                    at++;
                    repeatable = false;
                    break;
                case '[':
                    Class();
                    repeatable = true;
                    break;
                case '*' or '+' or '?':
                    at++;
                    Operator(start, repeatable, lastOperator);
                    lastOperator = at;
                    continue;
                case '{' when Count() is { } count:
                    if (!repeatable || lastOperator == start)
                    {
                        Operator(start, repeatable, lastOperator);
                    }

                    if (count.Min > MaxRepeat || count.Max > MaxRepeat || (count.Max >= 0 && count.Min > count.Max))
                    {
                        throw Refuse("invalid repeat count", pattern[start..at]);
                    }

                    Lazy();
                    lastOperator = at;
                    continue;
                case '\\':
                    Escape();
                    repeatable = true;
                    break;
                default:
                    at++;
                    repeatable = true;
                    break;
            }
        }

        if (depth > 0)
        {
            throw Refuse("missing closing )", pattern);
        }
    }

    private void Operator(int start, bool repeatable, int lastOperator)
    {
        if (!repeatable)
        {
            throw Refuse("missing argument to repetition operator", pattern[start..at]);
        }

        Lazy();
        if (lastOperator == start)
        {
            int before = start - 1;
            while (before > 0 && pattern[before] == '?' && pattern[before - 1] is '*' or '+' or '?' or '}')
            {
                before--;
            }

            before = pattern[before] == '}' ? pattern.LastIndexOf('{', before) : before;
            throw Refuse("invalid nested repetition operator", pattern[before..at]);
        }
    }

    private void Lazy()
    {
        if (at < pattern.Length && pattern[at] == '?')
        {
            at++;
        }
    }

    /// <summary><c>{n}</c>, <c>{n,}</c>, <c>{n,m}</c>; anything else is plain text.</summary>
    private (int Min, int Max)? Count()
    {
        int end = pattern.IndexOf('}', at);
        if (end < 0)
        {
            return null;
        }

        string[] parts = pattern[(at + 1)..end].Split(',');
        if (parts.Length > 2 || !Number(parts[0], out int min))
        {
            return null;
        }

        int max = min;
        if (parts.Length == 2)
        {
            if (parts[1].Length == 0)
            {
                max = -1;
            }
            else if (!Number(parts[1], out max))
            {
                return null;
            }
        }

        at = end + 1;
        return (min, max);
    }

    private static bool Number(string text, out int number)
    {
        number = 0;
        bool digits = text.Length > 0 && text.All(char.IsAsciiDigit) && !(text.Length > 1 && text[0] == '0');
        if (digits && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            number = int.MaxValue;
        }

        return digits;
    }

    /// <returns>Whether what was read can be repeated: flags on their own cannot.</returns>
    private bool Group(int start)
    {
        if (at >= pattern.Length || pattern[at] != '?')
        {
            depth++;
            return false;
        }

        ReadOnlySpan<char> rest = pattern.AsSpan(start);
        if (rest.StartsWith("(?P<", StringComparison.Ordinal) || rest.StartsWith("(?<", StringComparison.Ordinal))
        {
            int open = rest.IndexOf('<') + 1, close = rest.IndexOf('>');
            if (close < 0 || close == open || !IsName(rest[open..close]))
            {
                throw Refuse("invalid named capture", close < 0 ? rest.ToString() : rest[..(close + 1)].ToString());
            }

            at = start + close + 1;
            depth++;
            return false;
        }

        at++;
        bool negative = false, any = false;
        for (; at < pattern.Length; at++)
        {
            char c = pattern[at];
            if (Flags.Contains(c))
            {
                any = true;
            }
            else if (c == '-' && !negative)
            {
                (negative, any) = (true, false);
            }
            else if (c is ':' or ')' && !(negative && !any))
            {
                at++;
                depth += c == ':' ? 1 : 0;
                return false;
            }
            else
            {
                throw Refuse("invalid or unsupported Perl syntax", pattern[start..(at + 1)]);
            }
        }

        throw Refuse("missing closing )", pattern);
    }

    private void Class()
    {
        int start = at++;
        if (at < pattern.Length && pattern[at] == '^')
        {
            at++;
        }

        bool first = true;
        while (at < pattern.Length && (first || pattern[at] != ']'))
        {
            first = false;
            if (pattern.AsSpan(at).StartsWith("[:", StringComparison.Ordinal) && pattern.IndexOf(":]", at + 2, StringComparison.Ordinal) is > 0 and int end)
            {
                string name = pattern[(at + 2)..end].TrimStart('^');
                if (!Re2.IsPosixClass(name))
                {
                    throw Refuse("invalid character class range", pattern[at..(end + 2)]);
                }

                at = end + 2;
                continue;
            }

            int from = at;
            int low = Member(start);
            if (low >= 0 && at + 1 < pattern.Length && pattern[at] == '-' && pattern[at + 1] != ']')
            {
                at++;
                if (Member(start) is int high && high < low)
                {
                    throw Refuse("invalid character class range", pattern[from..at]);
                }
            }
        }

        if (at >= pattern.Length)
        {
            throw Refuse("missing closing ]", pattern[start..]);
        }

        at++;
    }

    /// <returns>The character; -1 for a class such as <c>\d</c>.</returns>
    private int Member(int start)
    {
        if (at >= pattern.Length)
        {
            throw Refuse("missing closing ]", pattern[start..]);
        }

        if (pattern[at] == '\\')
        {
            return Escape();
        }

        Rune.DecodeFromUtf16(pattern.AsSpan(at), out Rune rune, out int length);
        at += length;
        return rune.Value;
    }

    /// <returns>The character; -1 for a class or a position.</returns>
    private int Escape()
    {
        int start = at++;
        if (at >= pattern.Length)
        {
            throw Refuse("trailing backslash at end of expression", "");
        }

        char c = pattern[at++];
        switch (c)
        {
            case 'p' or 'P':
                Unicode(start);
                return -1;
            case 'Q':
                int end = pattern.IndexOf("\\E", at, StringComparison.Ordinal);
                at = end < 0 ? pattern.Length : end + 2;
                return -1;
            case 'x':
                return Hexadecimal(start);
            case >= '1' and <= '7' when at < pattern.Length && pattern[at] is >= '0' and <= '7':
            case '0':
                int value = c - '0';
                for (int i = 1; i < 3 && at < pattern.Length && pattern[at] is >= '0' and <= '7'; i++)
                {
                    value = (value * 8) + pattern[at++] - '0';
                }

                return value;
            case 'a' or 'f' or 'n' or 'r' or 't' or 'v':
                return "\a\f\n\r\t\v"["afnrtv".IndexOf(c, StringComparison.Ordinal)];
            case 'A' or 'b' or 'B' or 'z' or 'd' or 'D' or 's' or 'S' or 'w' or 'W':
                return -1;
            default:
                return char.IsAscii(c) && !char.IsAsciiLetterOrDigit(c) ? c : throw Refuse("invalid escape sequence", pattern[start..at]);
        }
    }

    private int Hexadecimal(int start)
    {
        string digits;
        if (at < pattern.Length && pattern[at] == '{')
        {
            int close = pattern.IndexOf('}', at);
            digits = close < 0 ? "" : pattern[(at + 1)..close];
            at = close < 0 ? pattern.Length : close + 1;
        }
        else
        {
            int length = Math.Min(2, pattern.Length - at);
            digits = length < 2 ? "" : pattern.Substring(at, 2);
            at += length;
        }

        return int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) && value <= 0x10FFFF
            ? value
            : throw Refuse("invalid escape sequence", pattern[start..at]);
    }

    /// <summary><c>\pL</c>, <c>\p{Greek}</c>: what .NET does not know either is refused.</summary>
    private void Unicode(int start)
    {
        int close = at < pattern.Length && pattern[at] == '{' ? pattern.IndexOf('}', at) : at;
        if (close < 0 || close >= pattern.Length)
        {
            throw Refuse("invalid character class range", pattern[start..]);
        }

        at = close + 1;
        if (!Re2.IsUnicodeClass(pattern[start..at].Replace("^", "", StringComparison.Ordinal)))
        {
            throw Refuse("invalid character class range", pattern[start..at]);
        }
    }

    private static bool IsName(ReadOnlySpan<char> name)
    {
        foreach (char c in name)
        {
            if (c != '_' && !char.IsAsciiLetterOrDigit(c))
            {
                return false;
            }
        }

        return true;
    }

    private static FormatException Refuse(string what, string where) => new($"{what}: `{where}`");
}
