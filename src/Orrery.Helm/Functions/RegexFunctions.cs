using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using Orrery.Helm.Go;
using Orrery.Helm.Templates;

namespace Orrery.Helm.Functions;

/// <summary>
/// Sprig's regular expressions. They run on .NET's non-backtracking engine, which like Go's takes time linear in its input.
/// </summary>
internal static class RegexFunctions
{
    private const int CacheSize = 1_000;

    /// <summary>How long one match may take. Time is linear in the text, but with a large pattern that can be a lot of it.</summary>
    private static readonly TimeSpan MatchTime = TimeSpan.FromSeconds(10);

    /// <summary>A translated expression, and its groups' names by number.</summary>
    private sealed record Compiled(Regex Regex, IReadOnlyList<string> Names);

    private static readonly ConcurrentDictionary<string, Compiled> Cache = new(StringComparer.Ordinal);

    private static string S(object? value) => (string)value!;

    public static IEnumerable<Function> All =>
    [
        Function.Of("regexMatch", [P.String, P.String], a => Try(() => Compile(S(a[0]), false).Regex.IsMatch(T(a[1])))),
        Function.Of("mustRegexMatch", [P.String, P.String], a => Compile(S(a[0]), true).Regex.IsMatch(T(a[1]))),
        .. Pair("Find", [P.String, P.String], (r, a) => Utf8.FromText(r.Regex.Match(T(a[1])).Value)),
        .. Pair("FindAll", [P.String, P.String, P.Int], (r, a) => FindAll(r.Regex, T(a[1]), ((GoInt)a[2]!).Value)),
        .. Pair("ReplaceAll", [P.String, P.String, P.String], (r, a) => Replace(r.Regex, T(a[1]), m => Expand(m, r.Names, T(a[2])))),
        .. Pair("ReplaceAllLiteral", [P.String, P.String, P.String], (r, a) => Replace(r.Regex, T(a[1]), _ => T(a[2]))),
        .. Pair("Split", [P.String, P.String, P.Int], (r, a) => Split(r.Regex, T(a[1]), ((GoInt)a[2]!).Value)),
        Function.Of("regexQuoteMeta", [P.String], a => string.Concat(S(a[0]).Select(c => @"\.+*?()|[]{}^$".Contains(c, StringComparison.Ordinal) ? "\\" + c : c.ToString()))),
    ];

    private static string T(object? value) => Utf8.ToText(S(value));

    private static bool Try(Func<bool> match)
    {
        try
        {
            return match();
        }
        catch (GoException)
        {
            return false;
        }
    }

    private static IEnumerable<Function> Pair(string name, P[] parameters, Func<Compiled, object?[], object?> body) =>
    [
        Function.Of("regex" + name, parameters, a => body(Compile(S(a[0]), false), a)),
        Function.Of("mustRegex" + name, parameters, a => body(Compile(S(a[0]), true), a)),
    ];

    private static Compiled Compile(string pattern, bool must)
    {
        if (Cache.TryGetValue(pattern, out Compiled? known))
        {
            return known;
        }

        try
        {
            (string translated, IReadOnlyList<string> names) = RegexSyntax.Translate(Utf8.ToText(pattern));
            var compiled = new Compiled(new Regex(translated, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, MatchTime), names);
            if (Cache.Count < CacheSize)
            {
                Cache.TryAdd(pattern, compiled);
            }

            return compiled;
        }
        catch (GoException e)
        {
            throw new GoException(must ? e.Message : $"regexp: Compile({(pattern.Contains('`', StringComparison.Ordinal) ? GoQuote.Quote(pattern) : $"`{pattern}`")}): {e.Message}");
        }
    }

    /// <summary>Go drops an empty match right behind the previous match.</summary>
    private static IEnumerable<Match> Matches(Regex regex, string s)
    {
        int end = -1;
        int count = 0;
        foreach (Match m in regex.Matches(s))
        {
            // Each match is an object or two.
            RenderBudget.Visit(128L * ++count);
            if (m.Length > 0 || m.Index != end)
            {
                yield return m;
            }

            end = m.Index + m.Length;
        }
    }

    private static string Replace(Regex regex, string s, Func<Match, string> with)
    {
        var b = new StringBuilder();
        int at = 0;
        foreach (Match m in Matches(regex, s))
        {
            b.Append(s, at, m.Index - at).Append(with(m));
            RenderBudget.Visit(b.Length);
            at = m.Index + m.Length;
        }

        return Utf8.FromText(b.Append(s, at, s.Length - at).ToString());
    }

    private static GoSlice FindAll(Regex regex, string s, long limit)
    {
        object?[] found = [.. Matches(regex, s).Take(limit < 0 ? int.MaxValue : (int)Math.Min(limit, int.MaxValue)).Select(m => Utf8.FromText(m.Value))];
        return new GoSlice(found, GoSlice.Strings) { IsNil = found.Length == 0 };
    }

    private static GoSlice Split(Regex regex, string s, long limit)
    {
        if (limit == 0)
        {
            return new GoSlice([], GoSlice.Strings) { IsNil = true };
        }

        if (s.Length == 0)
        {
            return GoSlice.OfStrings([""]);
        }

        var parts = new List<string>();
        int begin = 0;
        int end = 0;
        foreach (Match m in Matches(regex, s))
        {
            if (limit > 0 && parts.Count == limit - 1)
            {
                break;
            }

            end = m.Index;
            if (m.Index + m.Length != 0)
            {
                parts.Add(Utf8.FromText(s[begin..end]));
            }

            begin = m.Index + m.Length;
        }

        if (end != s.Length)
        {
            parts.Add(Utf8.FromText(s[begin..]));
        }

        return GoSlice.OfStrings(parts);
    }

    /// <summary>Go's Expand: $1, ${1}, $name (the longest name of letters, digits and underscores), $$.</summary>
    private static string Expand(Match m, IReadOnlyList<string> names, string template)
    {
        var b = new StringBuilder();
        for (int i = 0; i < template.Length; i++)
        {
            RenderBudget.Reserve(b.Length);
            if (template[i] != '$' || i + 1 >= template.Length)
            {
                b.Append(template[i]);
                continue;
            }

            if (template[i + 1] == '$')
            {
                b.Append('$');
                i++;
                continue;
            }

            bool brace = template[i + 1] == '{';
            int start = i + (brace ? 2 : 1);
            int end = start;
            while (end < template.Length && (char.IsLetterOrDigit(template[end]) || template[end] == '_'))
            {
                end++;
            }

            if (end == start || (brace && (end >= template.Length || template[end] != '}')))
            {
                b.Append('$');
                continue;
            }

            b.Append(Group(m, names, template[start..end]));
            i = brace ? end : end - 1;
        }

        return b.ToString();
    }

    private static string Group(Match m, IReadOnlyList<string> names, string name)
    {
        if (name.All(char.IsAsciiDigit))
        {
            return name.Length > 4 ? "" : int.Parse(name, System.Globalization.CultureInfo.InvariantCulture) is 0 ? m.Value : m.Groups["g" + name.TrimStart('0')].Value;
        }

        // Of groups with one name the last that took part counts.
        for (int i = names.Count - 1; i > 0; i--)
        {
            if (names[i] == name && m.Groups[FormattableString.Invariant($"g{i}")] is { Success: true } group)
            {
                return group.Value;
            }
        }

        return "";
    }
}
