using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>
/// Sprig's regular expressions. They run on .NET's non-backtracking engine, which like Go's takes time linear in its input.
/// </summary>
internal static class RegexFunctions
{
    private const int CacheSize = 1_000;
    private static readonly ConcurrentDictionary<string, Regex> Cache = new(StringComparer.Ordinal);

    private static string S(object? value) => (string)value!;

    public static IEnumerable<Function> All =>
    [
        Function.Of("regexMatch", [P.String, P.String], a => Try(() => Compile(S(a[0]), false).IsMatch(T(a[1])))),
        Function.Of("mustRegexMatch", [P.String, P.String], a => Compile(S(a[0]), true).IsMatch(T(a[1]))),
        .. Pair("Find", [P.String, P.String], (r, a) => Utf8.FromText(r.Match(T(a[1])).Value)),
        .. Pair("FindAll", [P.String, P.String, P.Int], (r, a) => FindAll(r, T(a[1]), ((GoInt)a[2]!).Value)),
        .. Pair("ReplaceAll", [P.String, P.String, P.String], (r, a) => Utf8.FromText(r.Replace(T(a[1]), m => Expand(m, T(a[2]))))),
        .. Pair("ReplaceAllLiteral", [P.String, P.String, P.String], (r, a) => Utf8.FromText(r.Replace(T(a[1]), _ => T(a[2])))),
        .. Pair("Split", [P.String, P.String, P.Int], (r, a) => Split(r, T(a[1]), ((GoInt)a[2]!).Value)),
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

    private static IEnumerable<Function> Pair(string name, P[] parameters, Func<Regex, object?[], object?> body) =>
    [
        Function.Of("regex" + name, parameters, a => body(Compile(S(a[0]), false), a)),
        Function.Of("mustRegex" + name, parameters, a => body(Compile(S(a[0]), true), a)),
    ];

    private static Regex Compile(string pattern, bool must)
    {
        if (Cache.TryGetValue(pattern, out Regex? known))
        {
            return known;
        }

        try
        {
            var regex = new Regex(RegexSyntax.Translate(Utf8.ToText(pattern)), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            if (Cache.Count < CacheSize)
            {
                Cache.TryAdd(pattern, regex);
            }

            return regex;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException or GoException)
        {
            string why = e is GoException ? e.Message : RegexSyntax.Fault(pattern);
            throw new GoException(must ? why : $"regexp: Compile({(pattern.Contains('`', StringComparison.Ordinal) ? GoQuote.Quote(pattern) : $"`{pattern}`")}): {why}");
        }
    }

    /// <summary>Go drops an empty match right behind the previous match.</summary>
    private static IEnumerable<Match> Matches(Regex regex, string s)
    {
        int end = -1;
        foreach (Match m in regex.Matches(s))
        {
            if (m.Length > 0 || m.Index != end)
            {
                yield return m;
            }

            end = m.Index + m.Length;
        }
    }

    private static GoSlice FindAll(Regex regex, string s, long limit) =>
        GoSlice.OfStrings(Matches(regex, s).Take(limit < 0 ? int.MaxValue : (int)Math.Min(limit, int.MaxValue)).Select(m => Utf8.FromText(m.Value)));

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
    private static string Expand(Match m, string template)
    {
        var b = new StringBuilder();
        for (int i = 0; i < template.Length; i++)
        {
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

            Group group = m.Groups[template[start..end]];
            b.Append(group.Success ? group.Value : "");
            i = brace ? end : end - 1;
        }

        return b.ToString();
    }
}
