using System.Globalization;
using System.Text;
using Orrery.Helm.Go;
using Orrery.Helm.Templates;

namespace Orrery.Helm.Functions;

/// <summary>Sprig's functions on strings.</summary>
internal static class TextFunctions
{
    private static string S(object? value) => (string)value!;

    private static long I(object? value) => ((GoInt)value!).Value;

    private static Function Str(string name, Func<string, string> f) => Function.Of(name, [P.String], a => f(S(a[0])));

    public static IEnumerable<Function> All =>
    [
        Function.Of("hello", [], _ => "Hello!"),
        Str("upper", s => Map(s, t => t.ToUpperInvariant())),
        // Go lowers the dotted capital I to a plain i, which .NET's invariant culture leaves.
        Str("lower", s => Map(s, t => t.ToLowerInvariant().Replace('\u0130', 'i'))),
        Str("title", Title),
        Str("untitle", s => Map(s, Cases.Untitle)),
        Str("trim", Trim),
        Function.Of("trimAll", [P.String, P.String], a => Cut(S(a[1]), S(a[0]))),
        Function.Of("trimall", [P.String, P.String], a => Cut(S(a[1]), S(a[0]))),
        Function.Of("trimSuffix", [P.String, P.String], a => S(a[0]) is { Length: > 0 } x && S(a[1]).EndsWith(x, StringComparison.Ordinal) ? S(a[1])[..^x.Length] : S(a[1])),
        Function.Of("trimPrefix", [P.String, P.String], a => S(a[1]).StartsWith(S(a[0]), StringComparison.Ordinal) ? S(a[1])[S(a[0]).Length..] : S(a[1])),
        Function.Of("contains", [P.String, P.String], a => S(a[1]).Contains(S(a[0]), StringComparison.Ordinal)),
        Function.Of("hasPrefix", [P.String, P.String], a => S(a[1]).StartsWith(S(a[0]), StringComparison.Ordinal)),
        Function.Of("hasSuffix", [P.String, P.String], a => S(a[1]).EndsWith(S(a[0]), StringComparison.Ordinal)),
        Function.Of("repeat", [P.Int, P.String], a => Repeat(S(a[1]), I(a[0]))),
        Function.Of("replace", [P.String, P.String, P.String], a => Replace(S(a[2]), S(a[0]), S(a[1]))),
        Function.Of("substr", [P.Int, P.Int, P.String], a => Substring(I(a[0]), I(a[1]), S(a[2]))),
        Function.Of("trunc", [P.Int, P.String], a => Truncate(I(a[0]), S(a[1]))),
        Function.Of("abbrev", [P.Int, P.String], a => Abbreviate(0, I(a[0]), S(a[1]))),
        Function.Of("abbrevboth", [P.Int, P.Int, P.String], a => Abbreviate(I(a[0]), I(a[1]), S(a[2]))),
        Str("initials", Initials),
        Str("nospace", s => s.Any(IsLatinSpace) ? string.Concat(s.Where(c => !IsLatinSpace(c)).Select(c => Utf8.FromRune(c))) : s),
        Str("swapcase", s => Map(s, Cases.Swap)),
        Str("snakecase", s => Map(s, t => Cases.Delimited(t, '_'))),
        Str("kebabcase", s => Map(s, t => Cases.Delimited(t, '-'))),
        Str("camelcase", s => Map(s, Cases.Pascal)),
        Function.Of("wrap", [P.Int, P.String], a => Wrapping.Wrap(S(a[1]), I(a[0]), "\n", false)),
        Function.Of("wrapWith", [P.Int, P.String, P.String], a => Wrapping.Wrap(S(a[2]), I(a[0]), S(a[1]), true)),
        Function.Of("quote", [P.Any], a => string.Join(' ', a.Where(v => v is not null).Select(v => GoQuote.Quote(Casts.Text(v)))), true),
        Function.Of("squote", [P.Any], a => string.Join(' ', a.Where(v => v is not null).Select(v => $"'{GoFormat.Value(v)}'")), true),
        Function.Of("cat", [P.Any], a => string.Join(' ', a.Where(v => v is not null).Select(GoFormat.Value)), true),
        Function.Of("indent", [P.Int, P.String], a => Indent(I(a[0]), S(a[1]))),
        Function.Of("nindent", [P.Int, P.String], a => "\n" + Indent(I(a[0]), S(a[1]))),
        Function.Of("plural", [P.String, P.String, P.Int], a => I(a[2]) == 1 ? S(a[0]) : S(a[1])),
        Function.Of("toString", [P.Any], a => Casts.Text(a[0])),
        Function.Of("toStrings", [P.Any], a => GoSlice.OfStrings(Casts.Strings(a[0]))),
        Function.Of("join", [P.String, P.Any], a => string.Join(S(a[0]), Casts.Strings(a[1]))),
        Function.Of("split", [P.String, P.String], a => Numbered(Split(S(a[1]), S(a[0]), -1))),
        Function.Of("splitn", [P.String, P.Int, P.String], a => Numbered(Split(S(a[2]), S(a[0]), I(a[1])))),
        Function.Of("splitList", [P.String, P.String], a => GoSlice.OfStrings(Split(S(a[1]), S(a[0]), -1))),
        Function.Of("sortAlpha", [P.Any], a => GoSlice.OfStrings(a[0] is GoSlice ? Casts.Strings(a[0]).Order(StringComparer.Ordinal) : [Casts.Text(a[0])])),
    ];

    /// <summary>Applies a change of text, leaving byte strings that are plain ASCII without a detour.</summary>
    private static string Map(string s, Func<string, string> f) => Utf8.FromText(f(Utf8.ToText(s)));

    private static string Trim(string s)
    {
        (int At, int Rune, int Size)[] words = [.. Utf8.Runes(s).Where(r => !(Rune.IsValid(r.Rune) && Rune.IsWhiteSpace(new Rune(r.Rune))))];
        return words.Length == 0 ? "" : s[words[0].At..(words[^1].At + words[^1].Size)];
    }

    /// <summary>goutils takes bytes for characters: those of Latin-1 that are spaces.</summary>
    private static bool IsLatinSpace(char c) => c is ' ' or (>= '\t' and <= '\r') or '\x85' or '\xA0';

    private static string Initials(string s)
    {
        var b = new StringBuilder();
        bool gap = true;
        foreach (char c in s)
        {
            bool space = IsLatinSpace(c);
            b.Append(gap && !space ? Utf8.FromRune(c) : "");
            gap = space;
        }

        return b.ToString();
    }

    private static string Title(string s) => Words(s, System.Text.Rune.ToUpperInvariant);

    /// <summary>Changes the first letter of each word; letters, digits, underscore and apostrophes do not separate words.</summary>
    private static string Words(string s, Func<Rune, Rune> change)
    {
        var b = new StringBuilder();
        bool start = true;
        foreach ((int at, int rune, int size) in Utf8.Runes(s))
        {
            b.Append(start && Rune.IsValid(rune) && size > 0 && !(rune == Utf8.ErrorRune && size == 1) ? Utf8.FromRune(change(new Rune(rune)).Value) : s.Substring(at, size));
            start = rune < 0x80
                ? !(char.IsAsciiLetterOrDigit((char)rune) || rune == '_')
                : !Utf8.IsAlphaNumeric(rune) && Rune.IsValid(rune) && Rune.IsWhiteSpace(new Rune(rune));
        }

        return b.ToString();
    }

    private static string Cut(string s, string set)
    {
        HashSet<int> runes = [.. Utf8.Runes(set).Select(r => r.Rune)];
        (int At, int Rune, int Size)[] all = [.. Utf8.Runes(s)];
        int first = 0;
        int last = all.Length - 1;
        while (first <= last && runes.Contains(all[first].Rune))
        {
            first++;
        }

        while (last >= first && runes.Contains(all[last].Rune))
        {
            last--;
        }

        return first > last ? "" : s[all[first].At..(all[last].At + all[last].Size)];
    }

    public static string Repeat(string s, long count)
    {
        if (count < 0)
        {
            throw new GoException("strings: negative Repeat count");
        }

        RenderBudget.Reserve(count > int.MaxValue ? long.MaxValue : count * s.Length);
        return s.Length == 0 ? "" : new StringBuilder().Insert(0, s, (int)count).ToString();
    }

    private static string Replace(string s, string old, string with)
    {
        if (old.Length > 0)
        {
            RenderBudget.Reserve(s.Length + ((long)(s.Length / old.Length) * with.Length));
            return s.Replace(old, with, StringComparison.Ordinal);
        }

        RenderBudget.Reserve((long)(s.Length + 1) * (with.Length + 1));
        return with + string.Concat(Utf8.Runes(s).Select(r => s.Substring(r.At, r.Size) + with));
    }

    private static string Substring(long start, long end, string s)
    {
        if (start < 0)
        {
            return Slice(s, 0, end);
        }

        return end < 0 || end > s.Length ? Slice(s, start, s.Length) : Slice(s, start, end);
    }

    private static string Slice(string s, long start, long end)
    {
        if (end < 0)
        {
            throw new GoException(FormattableString.Invariant($"runtime error: slice bounds out of range [:{end}]"));
        }

        if (end > s.Length)
        {
            throw new GoException(FormattableString.Invariant($"runtime error: slice bounds out of range [:{end}] with length {s.Length}"));
        }

        return start > end
            ? throw new GoException(FormattableString.Invariant($"runtime error: slice bounds out of range [{start}:{end}]"))
            : s[(int)start..(int)end];
    }

    private static string Truncate(long count, string s)
    {
        if (count < 0 && s.Length + count > 0)
        {
            return s[(int)(s.Length + count)..];
        }

        return count >= 0 && s.Length > count ? s[..(int)count] : s;
    }

    /// <summary>goutils.AbbreviateFull: dots at either end, on bytes.</summary>
    private static string Abbreviate(long offset, long width, string s)
    {
        if (width < 4 || (offset > 0 && width < 7) || s.Length <= width)
        {
            return s;
        }

        offset = Math.Min(offset, s.Length);
        if (s.Length - offset < width - 3)
        {
            offset = s.Length - (width - 3);
        }

        if (offset <= 4)
        {
            return s[..(int)(width - 3)] + "...";
        }

        return offset + width - 3 < s.Length
            ? "..." + Abbreviate(0, width - 3, s[(int)offset..])
            : "..." + s[(int)(s.Length - (width - 3))..];
    }

    public static string Indent(long count, string s)
    {
        string pad = Repeat(" ", count);
        RenderBudget.Reserve(s.Length + (count * (1L + s.AsSpan().Count('\n'))));
        return pad + s.Replace("\n", "\n" + pad, StringComparison.Ordinal);
    }

    /// <summary>strings.SplitN.</summary>
    public static IReadOnlyList<string> Split(string s, string separator, long count)
    {
        if (count == 0)
        {
            return [];
        }

        // Each part is a string of its own.
        RenderBudget.Reserve(32L * (count < 0 ? (separator.Length == 0 ? s.Length : s.AsSpan().Count(separator)) : Math.Min(count, s.Length)));
        if (separator.Length == 0)
        {
            string[] runes = [.. Utf8.Runes(s).Select(r => s.Substring(r.At, r.Size))];
            return count < 0 || runes.Length <= count ? runes : [.. runes[..(int)(count - 1)], string.Concat(runes[(int)(count - 1)..])];
        }

        return count < 0 ? s.Split(separator) : s.Split(separator, (int)Math.Min(count, int.MaxValue));
    }

    private static GoMap Numbered(IReadOnlyList<string> parts)
    {
        var map = new GoMap("map[string]string", "string");
        for (int i = 0; i < parts.Count; i++)
        {
            map["_" + i.ToString(CultureInfo.InvariantCulture)] = parts[i];
        }

        return map;
    }
}
