using System.Text;
using Orrery.Machinery.Schemas;
using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary>Texts: the standard's, cel-go's extension (version 2, as Kubernetes has it) and Kubernetes' find and findAll. Positions count code points.</summary>
internal static class Strings
{
    public static IEnumerable<Overload> All =>
    [
        Of("string->contains(string) bool", a => S(a, 0).Contains(S(a, 1), StringComparison.Ordinal)),
        Of("string->startsWith(string) bool", a => S(a, 0).StartsWith(S(a, 1), StringComparison.Ordinal)),
        Of("string->endsWith(string) bool", a => S(a, 0).EndsWith(S(a, 1), StringComparison.Ordinal)),
        Of("string->matches(string) bool", a => Search(a, r => r.IsMatch(S(a, 0)))),
        Of("matches(string, string) bool", a => Search(a, r => r.IsMatch(S(a, 0)))),
        Of("string->find(string) string", a => Search(a, r => r.Match(S(a, 0)).Value)),
        Of("string->findAll(string) list(string)", Metered),
        Of("string->findAll(string, int) list(string)", Metered),
        Of("string->charAt(int) string", a => N(a, 1) == R(a, 0).Length ? "" : Cut(R(a, 0), N(a, 1), N(a, 1) + 1)),
        Of("string->substring(int) string", a => Cut(R(a, 0), N(a, 1), R(a, 0).Length)),
        Of("string->substring(int, int) string", a => Cut(R(a, 0), N(a, 1), N(a, 2))),
        Of("string->indexOf(string) int", a => IndexOf(a, 0)),
        Of("string->indexOf(string, int) int", a => IndexOf(a, N(a, 2))),
        Of("string->lastIndexOf(string) int", a => LastIndexOf(a, R(a, 0).Length)),
        Of("string->lastIndexOf(string, int) int", a => LastIndexOf(a, N(a, 2))),
        Of("string->lowerAscii() string", a => string.Concat(S(a, 0).Select(c => char.IsAsciiLetterUpper(c) ? (char)(c | 32) : c))),
        Of("string->upperAscii() string", a => string.Concat(S(a, 0).Select(c => char.IsAsciiLetterLower(c) ? (char)(c & ~32) : c))),
        Of("string->trim() string", a => S(a, 0).Trim()),
        Of("string->replace(string, string) string", a => Replace(S(a, 0), S(a, 1), S(a, 2), -1)),
        Of("string->replace(string, string, int) string", a => Replace(S(a, 0), S(a, 1), S(a, 2), N(a, 3))),
        Of("string->split(string) list(string)", a => Split(S(a, 0), S(a, 1), -1)),
        Of("string->split(string, int) list(string)", a => Split(S(a, 0), S(a, 1), N(a, 2))),
        Of("list(string)->join() string", a => Join((CelList)a[0]!, "")),
        Of("list(string)->join(string) string", a => Join((CelList)a[0]!, S(a, 1))),
        Of("strings.quote(string) string", a => Quote(S(a, 0))),
    ];

    private static string S(object?[] a, int i) => (string)a[i]!;

    private static long N(object?[] a, int i) => (long)a[i]!;

    private static Rune[] R(object?[] a, int i) => [.. S(a, i).EnumerateRunes()];

    /// <summary>All that match, each paid for as it is found: to find one, the text may have to be read to its end.</summary>
    /// <param name="most">How many; negative for all.</param>
    /// <exception cref="CelBudgetException">There are too many in too long a text.</exception>
    public static object FindAll(string text, string pattern, long most, CelBudget budget, CancellationToken cancellation) => Search(pattern, regex =>
    {
        var found = new List<object?>();
        for (System.Text.RegularExpressions.Match match = most == 0 ? System.Text.RegularExpressions.Match.Empty : regex.Match(text); match.Success; match = match.NextMatch())
        {
            found.Add(match.Value);
            if (found.Count == most)
            {
                break;
            }

            cancellation.ThrowIfCancellationRequested();
            budget.Charge((text.Length - match.Index) / 200);
        }

        return new CelList(found);
    })!;

    /// <summary>What takes the budget along is called by the evaluator itself.</summary>
    private static object? Metered(object?[] a) => throw new InvalidOperationException("findAll is called with its budget");

    private static object? Search(object?[] a, Func<System.Text.RegularExpressions.Regex, object?> with) => Search(S(a, 1), with);

    private static object? Search(string pattern, Func<System.Text.RegularExpressions.Regex, object?> with)
    {
        try
        {
            return Re2.Run(pattern, with);
        }
        catch (System.Text.RegularExpressions.RegexMatchTimeoutException)
        {
            throw new CelBudgetException();
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return new CelError($"error parsing regexp: {e.Message}");
        }
    }

    private static object Cut(Rune[] text, long from, long to) =>
        from < 0 || from > text.Length ? new CelError($"index out of range: {from}")
        : to < 0 || to > text.Length ? new CelError($"index out of range: {to}")
        : from > to ? new CelError($"invalid substring range. start: {from}, end: {to}")
        : string.Concat(text[(int)from..(int)to].Select(r => r.ToString()));

    private static object IndexOf(object?[] a, long from)
    {
        Rune[] text = R(a, 0), wanted = R(a, 1);
        if (from < 0 || from > text.Length)
        {
            return new CelError($"index out of range: {from}");
        }

        int found = text.AsSpan((int)from).IndexOf(wanted);
        return found < 0 ? -1L : found + from;
    }

    private static object LastIndexOf(object?[] a, long from)
    {
        Rune[] text = R(a, 0), wanted = R(a, 1);
        if (from < 0 || from > text.Length)
        {
            return new CelError($"index out of range: {from}");
        }

        // The match may begin at the given place, and end beyond it.
        return (long)text.AsSpan(0, (int)Math.Min(text.Length, from + wanted.Length)).LastIndexOf(wanted) is var at && wanted.Length == 0 ? from : at;
    }

    private static string Replace(string text, string old, string with, long limit)
    {
        var made = new StringBuilder();
        int at = 0;
        for (long done = 0; limit < 0 || done < limit; done++)
        {
            int found = text.IndexOf(old, at + (old.Length == 0 && done > 0 ? 1 : 0) is var from && from <= text.Length ? from : text.Length, StringComparison.Ordinal);
            if (found < 0 || (old.Length == 0 && from > text.Length))
            {
                break;
            }

            made.Append(text, at, found - at).Append(with);
            at = found + old.Length;
        }

        return made.Append(text, at, text.Length - at).ToString();
    }

    private static CelList Split(string text, string by, long limit)
    {
        if (limit == 0)
        {
            return new CelList([]);
        }

        int most = limit < 0 ? int.MaxValue : (int)Math.Min(limit, int.MaxValue);
        if (by.Length > 0)
        {
            return new CelList(text.Split(by, most));
        }

        string[] runes = [.. text.EnumerateRunes().Select(r => r.ToString())];
        return new CelList(runes.Length <= most ? runes : [.. runes.Take(most - 1), string.Concat(runes.Skip(most - 1))]);
    }

    private static object Join(CelList list, string by) => list.Items.All(x => x is string) ? string.Join(by, list.Items) : CelError.NoOverload;

    private static string Quote(string text)
    {
        var made = new StringBuilder("\"");
        foreach (Rune rune in text.EnumerateRunes())
        {
            made.Append(rune.Value switch { 7 => "\\a", 8 => "\\b", 12 => "\\f", 10 => "\\n", 13 => "\\r", 9 => "\\t", 11 => "\\v", '\\' => "\\\\", '"' => "\\\"", _ => rune.ToString() });
        }

        return made.Append('"').ToString();
    }
}
