using System.Text;
using System.Text.RegularExpressions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>Go's regular expression syntax (RE2) in .NET's terms, and the texts of its faults.</summary>
internal static partial class RegexSyntax
{
    public static string Translate(string pattern)
    {
        var b = new StringBuilder();
        bool inClass = false;
        bool classStart = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
            {
                i = Escape(pattern, i, b, inClass);
                classStart = false;
                continue;
            }

            if (inClass)
            {
                if (c == '[' && i + 1 < pattern.Length && pattern[i + 1] == ':' && pattern.IndexOf(":]", i + 2, StringComparison.Ordinal) is var end and > 0)
                {
                    b.Append(Posix(pattern[(i + 2)..end]) ?? throw new GoException($"error parsing regexp: invalid character class range: `{pattern[i..(end + 2)]}`"));
                    i = end + 1;
                }
                else if (c == ']' && !classStart)
                {
                    inClass = false;
                    b.Append(c);
                }
                else
                {
                    b.Append(c is '[' ? "\\[" : c == ']' ? "\\]" : c.ToString());
                }

                classStart = classStart && c == '^' && pattern[i - 1] == '[';
                continue;
            }

            if (c == '[')
            {
                inClass = true;
                classStart = true;
                b.Append(c);
            }
            else if (c == '$')
            {
                b.Append(Multiline(pattern, i) ? "(?=\\n|\\z)" : "\\z");
            }
            else if (c == '(' && string.CompareOrdinal(pattern, i, "(?P<", 0, 4) == 0)
            {
                b.Append("(?<");
                i += 3;
            }
            else if (c == '{' && Repeat().Match(pattern, i) is { Success: true } repeat && repeat.Index == i)
            {
                int low = int.Parse(repeat.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
                int high = repeat.Groups[3].Length > 0 ? int.Parse(repeat.Groups[3].Value, System.Globalization.CultureInfo.InvariantCulture) : low;
                if (low > 1000 || high > 1000 || high < low)
                {
                    throw new GoException($"error parsing regexp: invalid repeat count: `{repeat.Value}`");
                }

                b.Append(repeat.Value);
                i += repeat.Length - 1;
            }
            else if (c is '*' or '+' or '?' && i > 0 && pattern[i - 1] is '*' or '+' && (i < 2 || pattern[i - 2] != '\\') && c != '?')
            {
                throw new GoException($"error parsing regexp: invalid nested repetition operator: `{pattern[i - 1]}{c}`");
            }
            else
            {
                b.Append(c);
            }
        }

        return b.ToString();
    }

    private static bool Multiline(string pattern, int at) => pattern.AsSpan(0, at).IndexOf("(?m") >= 0 || pattern.AsSpan(0, at).IndexOf("(?sm") >= 0 || pattern.AsSpan(0, at).IndexOf("(?im") >= 0;

    private static int Escape(string p, int i, StringBuilder b, bool inClass)
    {
        char c = p[i + 1];
        switch (c)
        {
            case 'z':
                b.Append("\\z");
                return i + 1;
            case 'd' or 'w' or 's':
                string set = c switch { 'd' => "0-9", 'w' => "0-9A-Za-z_", _ => "\\t\\n\\f\\r " };
                b.Append(inClass ? set : $"[{set}]");
                return i + 1;
            case 'D' or 'W' or 'S' when !inClass:
                b.Append("[^").Append(c switch { 'D' => "0-9", 'W' => "0-9A-Za-z_", _ => "\\t\\n\\f\\r " }).Append(']');
                return i + 1;
            case 'Q':
                int end = p.IndexOf("\\E", i, StringComparison.Ordinal);
                end = end < 0 ? p.Length : end;
                b.Append(Regex.Escape(p[(i + 2)..end]));
                return Math.Min(end + 1, p.Length - 1);
            case 'p' or 'P' when i + 2 < p.Length && p[i + 2] != '{':
                b.Append('\\').Append(c).Append('{').Append(p[i + 2]).Append('}');
                return i + 2;
            case 'x' when i + 2 < p.Length && p[i + 2] == '{' && p.IndexOf('}', i) is var close and > 0:
                b.Append(Regex.Escape(char.ConvertFromUtf32(Convert.ToInt32(p[(i + 3)..close], 16))));
                return close;
            case >= '1' and <= '9':
                throw new GoException($"error parsing regexp: invalid escape sequence: `\\{c}`");
            case '_' or '"' or '\'' or '/' or '-' or '<' or '>' or '=' or '!' or '@' or '#' or '%' or '&' or '~' or ':' or ';' or ',' or '`':
                b.Append(inClass && c == '-' ? "\\-" : c is '#' ? "\\#" : c.ToString());
                return i + 1;
        }

        if (char.IsAsciiLetter(c) && !"abfnrtvABCpPxDWSz".Contains(c, StringComparison.Ordinal))
        {
            throw new GoException($"error parsing regexp: invalid escape sequence: `\\{c}`");
        }

        b.Append('\\').Append(c);
        return i + 1;
    }

    private static string? Posix(string name) => name switch
    {
        "alnum" => "0-9A-Za-z",
        "alpha" => "A-Za-z",
        "digit" => "0-9",
        "lower" => "a-z",
        "upper" => "A-Z",
        "space" => "\\t\\n\\v\\f\\r ",
        "blank" => "\\t ",
        "punct" => "!-/:-@\\[-`{-~",
        "word" => "0-9A-Za-z_",
        "xdigit" => "0-9A-Fa-f",
        "ascii" => "\\x00-\\x7F",
        "cntrl" => "\\x00-\\x1F\\x7F",
        "graph" => "!-~",
        "print" => " -~",
        "^alpha" => "\\x00-@\\[-`{-\\uFFFF",
        "^digit" => "\\x00-/:-\\uFFFF",
        _ => null,
    };

    /// <summary>What Go's parser says of a pattern that .NET refused.</summary>
    public static string Fault(string pattern)
    {
        if (Range().Match(pattern) is { Success: true } range && range.Groups[1].Value[0] > range.Groups[2].Value[0])
        {
            return $"error parsing regexp: invalid character class range: `{range.Groups[1].Value}-{range.Groups[2].Value}`";
        }

        int open = pattern.LastIndexOf('[');
        if (open >= 0 && pattern.IndexOf(']', open) < 0)
        {
            return $"error parsing regexp: missing closing ]: `{pattern[open..]}`";
        }

        int opened = pattern.Count(c => c == '(');
        int closed = pattern.Count(c => c == ')');
        if (opened > closed)
        {
            return $"error parsing regexp: missing closing ): `{pattern}`";
        }

        if (closed > opened)
        {
            return $"error parsing regexp: unexpected ): `{pattern}`";
        }

        if (pattern.EndsWith('\\'))
        {
            return "error parsing regexp: trailing backslash at end of expression: ``";
        }

        if (pattern.Length > 0 && pattern[0] is '*' or '+' or '?')
        {
            return $"error parsing regexp: missing argument to repetition operator: `{pattern[0]}`";
        }

        Match group = Lookaround().Match(pattern);
        return group.Success ? $"error parsing regexp: invalid or unsupported Perl syntax: `{group.Value}`" : $"error parsing regexp: invalid escape sequence: `{pattern}`";
    }

    [GeneratedRegex(@"\{(\d{1,6})(,(\d{0,6}))?\}")]
    private static partial Regex Repeat();

    [GeneratedRegex(@"\[.*?(\w)-(\w).*?\]")]
    private static partial Regex Range();

    [GeneratedRegex(@"\(\?<?[=!]?")]
    private static partial Regex Lookaround();
}
