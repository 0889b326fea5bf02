using System.Text;

namespace Orrery.Helm.Functions;

/// <summary>Character classes of Go's regular expressions as .NET writes them.</summary>
internal static class RegexClass
{
    /// <summary>Opens a choice in which a pair of surrogates, which .NET takes for two characters, is one.</summary>
    public const string Pair = @"(?:[\uD800-\uDBFF][\uDC00-\uDFFF]|";

    private static string? Perl(char name) => name switch
    {
        'd' => "0-9",
        'D' => @"\u0000-/:-\uFFFF",
        's' => @"\t\n\f\r ",
        'S' => @"\u0000-\b\u000B\u000E-\u001F!-\uFFFF",
        'w' => "0-9A-Za-z_",
        'W' => @"\u0000-/:-@\[-\^`{-\uFFFF",
        _ => null,
    };

    private static string? Posix(string name) => name switch
    {
        "alnum" => "0-9A-Za-z",
        "^alnum" => @"\u0000-/:-@\[-`{-\uFFFF",
        "alpha" => "A-Za-z",
        "^alpha" => @"\u0000-@\[-`{-\uFFFF",
        "ascii" => @"\u0000-\u007F",
        "^ascii" => @"\u0080-\uFFFF",
        "blank" => @"\t ",
        "^blank" => @"\u0000-\u0008\n-\u001F!-\uFFFF",
        "cntrl" => @"\u0000-\u001F\u007F",
        "^cntrl" => @" -~\u0080-\uFFFF",
        "digit" => "0-9",
        "^digit" => @"\u0000-/:-\uFFFF",
        "graph" => "!-~",
        "^graph" => @"\u0000- \u007F-\uFFFF",
        "lower" => "a-z",
        "^lower" => @"\u0000-`{-\uFFFF",
        "print" => " -~",
        "^print" => @"\u0000-\u001F\u007F-\uFFFF",
        "punct" => @"!-/:-@\[-`{-~",
        "^punct" => @"\u0000- 0-9A-Za-z\u007F-\uFFFF",
        "space" => @"\t\n\v\f\r ",
        "^space" => @"\u0000-\u0008\u000E-\u001F!-\uFFFF",
        "upper" => "A-Z",
        "^upper" => @"\u0000-@\[-\uFFFF",
        "word" => "0-9A-Za-z_",
        "^word" => @"\u0000-/:-@\[-\^`{-\uFFFF",
        "xdigit" => "0-9A-Fa-f",
        "^xdigit" => @"\u0000-/:-@G-`g-\uFFFF",
        _ => null,
    };

    /// <summary>A Perl or Unicode set at a backslash, as the inside of a class; null where another escape stands.</summary>
    public static string? Set(string p, ref int i)
    {
        if (i + 1 >= p.Length)
        {
            return null;
        }

        char c = p[i + 1];
        if (Perl(c) is { } perl)
        {
            i += 2;
            return perl;
        }

        if (c is not ('p' or 'P'))
        {
            return null;
        }

        int start = i;
        int end = i + 2 < p.Length && p[i + 2] == '{' ? p.IndexOf('}', i) : i + 2 < p.Length ? i + 2 : -1;
        if (end < 0)
        {
            throw RegexSyntax.Fault("invalid character class range", p[i..]);
        }

        string name = p[i + 2] == '{' ? p[(i + 3)..end] : p[end].ToString();
        bool negated = c == 'P' ^ name.StartsWith('^');
        name = name.TrimStart('^');
        i = end + 1;
        return (negated ? "\\P{" : "\\p{") + (Unicode(name) ?? throw RegexSyntax.Fault("invalid character class range", p[start..i])) + "}";
    }

    /// <summary>Categories are named alike; of the scripts, those that .NET has a block for.</summary>
    private static string? Unicode(string name) => name switch
    {
        "L" or "Lu" or "Ll" or "Lt" or "Lm" or "Lo" or "M" or "Mn" or "Mc" or "Me" or "N" or "Nd" or "Nl" or "No" or "P" or "Pc" or "Pd" or "Ps" or "Pe" or "Pi" or "Pf" or "Po"
            or "S" or "Sm" or "Sc" or "Sk" or "So" or "Z" or "Zs" or "Zl" or "Zp" or "C" or "Cc" or "Cf" or "Co" or "Cs" => name,
        "Greek" => "IsGreek",
        "Cyrillic" => "IsCyrillic",
        "Hebrew" => "IsHebrew",
        "Arabic" => "IsArabic",
        "Armenian" => "IsArmenian",
        "Thai" => "IsThai",
        "Hiragana" => "IsHiragana",
        "Katakana" => "IsKatakana",
        "Han" => "IsCJKUnifiedIdeographs",
        "Hangul" => "IsHangulSyllables",
        "Devanagari" => "IsDevanagari",
        "Georgian" => "IsGeorgian",
        _ => null,
    };

    public static string Read(string p, ref int i, bool fold)
    {
        int start = i++;
        bool negated = i < p.Length && p[i] == '^';
        i += negated ? 1 : 0;
        var b = new StringBuilder();
        var pairs = new List<string>();
        for (bool first = true; i >= p.Length || p[i] != ']' || first; first = false)
        {
            if (i >= p.Length)
            {
                throw RegexSyntax.Fault("missing closing ]", p[start..]);
            }

            // A minus stands for itself at either end only; Go takes it anywhere, as Perl does.
            if (p[i] == '[' && i + 1 < p.Length && p[i + 1] == ':' && p.IndexOf(":]", i + 2, StringComparison.Ordinal) is > 0 and var end)
            {
                b.Append(Posix(p[(i + 2)..end]) ?? throw RegexSyntax.Fault("invalid character class range", p[i..(end + 2)]));
                i = end + 2;
                continue;
            }

            if (p[i] == '\\' && Set(p, ref i) is { } set)
            {
                b.Append(set);
                continue;
            }

            int from = i;
            int low = One(p, ref i, start);
            int high = low;
            if (i + 1 < p.Length && p[i] == '-' && p[i + 1] != ']')
            {
                i++;
                high = One(p, ref i, start);
                if (high < low)
                {
                    throw RegexSyntax.Fault("invalid character class range", p[from..i]);
                }
            }

            Append(b, pairs, low, high);
        }

        i++;
        return Written(b, pairs, negated, fold);
    }

    private static int One(string p, ref int i, int start)
    {
        if (i >= p.Length)
        {
            throw RegexSyntax.Fault("missing closing ]", p[start..]);
        }

        if (p[i] == '\\')
        {
            return RegexSyntax.Rune(p, ref i);
        }

        int rune = char.ConvertToUtf32(p, i);
        i += rune > 0xFFFF ? 2 : 1;
        return rune;
    }

    private static void Append(StringBuilder b, List<string> pairs, int low, int high)
    {
        if (low <= 0xFFFF)
        {
            b.Append(RegexSyntax.Hex((char)low)).Append('-').Append(RegexSyntax.Hex((char)Math.Min(high, 0xFFFF)));
        }

        if (high > 0xFFFF)
        {
            string first = char.ConvertFromUtf32(Math.Max(low, 0x10000));
            string last = char.ConvertFromUtf32(high);
            // Within one high surrogate the range is exact; a wider one covers whole planes.
            pairs.Add(first[0] == last[0]
                ? $"{RegexSyntax.Hex(first[0])}[{RegexSyntax.Hex(first[1])}-{RegexSyntax.Hex(last[1])}]"
                : $"[{RegexSyntax.Hex(first[0])}-{RegexSyntax.Hex(last[0])}][\\uDC00-\\uDFFF]");
        }
    }

    private static string Written(StringBuilder b, List<string> pairs, bool negated, bool fold)
    {
        string body;
        if (negated)
        {
            body = b.Length == 0 ? Pair + @"[\s\S])" : Pair + $"[^{b}])";
        }
        else
        {
            string single = b.Length == 0 ? "" : $"[{b}]";
            body = pairs.Count == 0 ? single : "(?:" + string.Join('|', pairs.Append(single).Where(s => s.Length > 0)) + ")";
        }

        return fold ? $"(?i:{body})" : body;
    }
}
