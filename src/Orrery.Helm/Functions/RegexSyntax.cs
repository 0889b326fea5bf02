using System.Globalization;
using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>
/// Translates Go's regular expressions (RE2) for .NET's non-backtracking engine, and finds their faults as Go's
/// regexp/syntax finds them. Groups get the names g1, g2 … in order, since .NET numbers named groups last.
/// </summary>
internal sealed class RegexSyntax
{
    private const int MaxRepeat = 1000;
    private const int MaxDepth = 1000;

    /// <summary>Far beyond any pattern of a chart; each part becomes a node of the automaton.</summary>
    private const long MaxSize = 200_000;

    [Flags]
    private enum Mode
    {
        None = 0, Fold = 1, Multiline = 2, DotAll = 4, Ungreedy = 8,
    }

    private readonly string p;
    private readonly List<string> names = [""];
    private int i;
    private int depth;

    /// <summary>How often the counted repetitions around one part of what was read last repeat it together.</summary>
    private long repeats = 1;

    /// <summary>Parts of the pattern with counted repetitions written out.</summary>
    private long size;

    private RegexSyntax(string pattern) => p = pattern;

    /// <summary>The pattern for .NET, and the name of each group by its number ("" where it has none).</summary>
    /// <exception cref="GoException">It is no regular expression; the text is Go's.</exception>
    public static (string Pattern, IReadOnlyList<string> Names) Translate(string pattern)
    {
        var syntax = new RegexSyntax(pattern);
        string translated = syntax.Alternatives(Mode.None);
        return syntax.i < pattern.Length ? throw Fault("unexpected )", pattern) : (translated, syntax.names);
    }

    internal static GoException Fault(string what, string where) => new($"error parsing regexp: {what}: `{Utf8.FromText(where)}`");

    private bool At(string what) => string.CompareOrdinal(p, i, what, 0, what.Length) == 0;

    /// <summary>Alternatives up to the end of the group; flags set within it end with it.</summary>
    private string Alternatives(Mode mode)
    {
        if (++depth > MaxDepth)
        {
            throw Fault("expression nests too deeply", p);
        }

        var b = new StringBuilder();
        while (i < p.Length && p[i] != ')')
        {
            if (p[i] == '|')
            {
                b.Append('|');
                i++;
                continue;
            }

            Piece(b, ref mode);
        }

        depth--;
        return b.ToString();
    }

    private void Piece(StringBuilder b, ref Mode mode)
    {
        int start = i;
        (long outerRepeats, long outerSize) = (repeats, size);
        repeats = 1;
        string atom = Atom(ref mode);
        if (atom.Length == 0 && i > start)
        {
            // Flags alone, or an empty quotation.
            repeats = outerRepeats;
            return;
        }

        string? before = null;
        while (Repetition(mode) is var (op, text))
        {
            if (before is not null)
            {
                throw Fault("invalid nested repetition operator", before + text);
            }

            before = text;
            atom = $"(?:{atom}){op}";
            Grow(text, outerSize);
        }

        size++;
        repeats = Math.Max(outerRepeats, repeats);
        if (size > MaxSize)
        {
            throw new Templates.RenderLimitException(FormattableString.Invariant($"a regular expression has more than {MaxSize} parts"));
        }

        b.Append(atom);
    }

    /// <summary>What a counted repetition makes of the part that was read since the pattern had so many.</summary>
    private void Grow(string text, long before)
    {
        if (text[0] != '{')
        {
            return;
        }

        int count = text[1..text.IndexOf('}', StringComparison.Ordinal)].Split(',', StringSplitOptions.RemoveEmptyEntries).Max(n => int.Parse(n, CultureInfo.InvariantCulture));
        if (count >= 2 && (repeats *= count) > MaxRepeat)
        {
            throw Fault("invalid repeat count", text);
        }

        size = before + ((size + 1 - before) * Math.Max(count, 1));
    }

    private (string Op, string Text)? Repetition(Mode mode)
    {
        int start = i;
        if (i >= p.Length)
        {
            return null;
        }

        string op = p[i].ToString();
        if (p[i] is '*' or '+' or '?')
        {
            i++;
        }
        else if (p[i] == '{' && Counts() is var (low, high, length))
        {
            op = p.Substring(i, length);
            if (low > MaxRepeat || high > MaxRepeat || (high >= 0 && low > high))
            {
                throw Fault("invalid repeat count", op);
            }

            i += length;
        }
        else
        {
            return null;
        }

        bool lazy = i < p.Length && p[i] == '?';
        i += lazy ? 1 : 0;
        return (op + (lazy != mode.HasFlag(Mode.Ungreedy) ? "?" : ""), p[start..i]);
    }

    /// <summary>{n}, {n,} or {n,m}; anything else is a plain brace.</summary>
    private (int Low, int High, int Length)? Counts()
    {
        int end = p.IndexOf('}', i);
        if (end < 0)
        {
            return null;
        }

        string[] parts = p[(i + 1)..end].Split(',');
        static int Number(string s) => s.Length is > 0 and < 9 && s.All(char.IsAsciiDigit) && (s.Length == 1 || s[0] != '0') ? int.Parse(s, CultureInfo.InvariantCulture)
            : s.Length >= 9 && s.All(char.IsAsciiDigit) ? int.MaxValue : -1;
        int low = Number(parts[0]);
        int high = parts.Length == 1 ? low : parts[^1].Length == 0 ? -1 : Number(parts[1]);
        return low < 0 || parts.Length > 2 || (parts.Length == 2 && parts[1].Length > 0 && high < 0) ? null : (low, high, end + 1 - i);
    }

    private string Atom(ref Mode mode)
    {
        char c = p[i];
        switch (c)
        {
            case '(':
                return Group(ref mode);
            case '[':
                return RegexClass.Read(p, ref i, mode.HasFlag(Mode.Fold));
            case '.':
                i++;
                return mode.HasFlag(Mode.DotAll) ? RegexClass.Pair + @"[\s\S])" : RegexClass.Pair + @"[^\n])";
            case '^':
                i++;
                return mode.HasFlag(Mode.Multiline) ? "(?m:^)" : @"\A";
            case '$':
                i++;
                return mode.HasFlag(Mode.Multiline) ? "(?m:$)" : @"\z";
            case '*' or '+' or '?':
                int op = i++;
                i += i < p.Length && p[i] == '?' ? 1 : 0;
                throw Fault("missing argument to repetition operator", p[op..i]);
            case '{' when Counts() is var (_, _, length):
                throw Fault("missing argument to repetition operator", p.Substring(i, length));
            case '\\':
                return Escape(mode);
        }

        int size = char.IsHighSurrogate(c) && i + 1 < p.Length ? 2 : 1;
        i += size;
        return Literal(char.ConvertToUtf32(p, i - size), mode);
    }

    private static string Literal(int rune, Mode mode)
    {
        string text = rune > 0xFFFF ? $"(?:{Hex(char.ConvertFromUtf32(rune)[0])}{Hex(char.ConvertFromUtf32(rune)[1])})" : Hex((char)rune);
        return mode.HasFlag(Mode.Fold) ? $"(?i:{text})" : text;
    }

    public static string Hex(char c) => char.IsAsciiLetterOrDigit(c) ? c.ToString() : "\\u" + ((int)c).ToString("X4", CultureInfo.InvariantCulture);

    private string Escape(Mode mode)
    {
        if (i + 1 >= p.Length)
        {
            throw Fault("trailing backslash at end of expression", "");
        }

        char c = p[i + 1];
        switch (c)
        {
            case 'A':
                i += 2;
                return @"\A";
            case 'z':
                i += 2;
                return @"\z";
            case 'b' or 'B':
                i += 2;
                return "\\" + c;
            case 'C':
                throw Fault("invalid escape sequence", "\\C");
            case 'Q':
                int end = p.IndexOf("\\E", i + 2, StringComparison.Ordinal);
                string quoted = end < 0 ? p[(i + 2)..] : p[(i + 2)..end];
                i = end < 0 ? p.Length : end + 2;
                return string.Concat(quoted.EnumerateRunes().Select(r => Literal(r.Value, mode)));
        }

        if (RegexClass.Set(p, ref i) is { } set)
        {
            return mode.HasFlag(Mode.Fold) ? $"(?i:[{set}])" : $"[{set}]";
        }

        return Literal(Rune(p, ref i), mode);
    }

    /// <summary>A character behind a backslash: punctuation as it is, \n and its kin, octal and hexadecimal numbers.</summary>
    public static int Rune(string p, ref int i)
    {
        int start = i++;
        char c = i < p.Length ? p[i++] : throw Fault("trailing backslash at end of expression", "");
        if (c < 0x80 && !char.IsAsciiLetterOrDigit(c))
        {
            return c;
        }

        int simple = "afnrtv".IndexOf(c, StringComparison.Ordinal);
        if (simple >= 0)
        {
            return "\a\f\n\r\t\v"[simple];
        }

        if (c is >= '0' and <= '7' && (c == '0' || (i < p.Length && p[i] is >= '0' and <= '7')))
        {
            int octal = c - '0';
            for (int n = 1; n < 3 && i < p.Length && p[i] is >= '0' and <= '7'; n++)
            {
                octal = (octal * 8) + p[i++] - '0';
            }

            return octal;
        }

        if (c == 'x')
        {
            bool brace = i < p.Length && p[i] == '{';
            int from = brace ? i + 1 : i;
            int end = brace ? p.IndexOf('}', i) : Math.Min(i + 2, p.Length);
            if (end > from && (brace || end - from == 2) && int.TryParse(p.AsSpan(from, end - from), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int rune)
                && System.Text.Rune.IsValid(rune))
            {
                i = brace ? end + 1 : end;
                return rune;
            }

            i = Math.Min(p.Length, brace && end > 0 ? end + 1 : end < 0 ? p.Length : end);
        }

        throw Fault("invalid escape sequence", p[start..i]);
    }

    private string Group(ref Mode mode)
    {
        Mode inner = mode;
        string open = "(?:";
        if (At("(?P<") || At("(?<"))
        {
            int from = p.IndexOf('<', i) + 1;
            int end = p.IndexOf('>', i);
            if (end < 0)
            {
                throw Fault("invalid named capture", p[i..]);
            }

            string name = p[from..end];
            if (name.Length == 0 || !name.All(c => c == '_' || char.IsAsciiLetterOrDigit(c)))
            {
                throw Fault("invalid named capture", p[i..(end + 1)]);
            }

            open = Capture(name);
            i = end + 1;
        }
        else if (At("(?"))
        {
            if (!Flags(ref inner))
            {
                mode = inner;
                return "";
            }
        }
        else
        {
            open = Capture("");
            i++;
        }

        string body = Alternatives(inner);
        if (i >= p.Length)
        {
            throw Fault("missing closing )", p);
        }

        i++;
        return open + body + ")";
    }

    private string Capture(string name)
    {
        names.Add(name);
        return FormattableString.Invariant($"(?<g{names.Count - 1}>");
    }

    /// <summary>(?flags) or (?flags:; true where a group follows.</summary>
    private bool Flags(ref Mode mode)
    {
        int start = i;
        bool off = false;
        bool any = false;
        for (i += 2; i < p.Length; i++)
        {
            Mode flag = p[i] switch { 'i' => Mode.Fold, 'm' => Mode.Multiline, 's' => Mode.DotAll, 'U' => Mode.Ungreedy, _ => Mode.None };
            if (flag != Mode.None)
            {
                mode = off ? mode & ~flag : mode | flag;
                any = true;
            }
            else if (p[i] == '-' && !off)
            {
                (off, any) = (true, false);
            }
            else if (p[i] is ':' or ')' && (!off || any))
            {
                return p[i++] == ':';
            }
            else
            {
                throw Fault("invalid or unsupported Perl syntax", p[start..(i + 1)]);
            }
        }

        throw Fault("missing closing )", p);
    }
}
