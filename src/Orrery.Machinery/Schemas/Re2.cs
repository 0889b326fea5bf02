using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;

namespace Orrery.Machinery.Schemas;

/// <summary>
/// Patterns of Go's regexp run by .NET in linear time. Rewrites what the two read differently: <c>$</c> is the very end,
/// <c>\d \w \s</c> are ASCII, <c>(?P&lt;n&gt;</c> names a group, <c>[:alpha:]</c> are classes.
/// </summary>
internal static class Re2
{
    /// <summary>Bytes that patterns may have taken beyond themselves: the more different texts one has read, the more of its states it keeps.</summary>
    private const long GrowthLimit = 64 << 20;

    /// <summary>A pattern of many states takes a step in each for every character; nothing that is read in good faith takes so long.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    private static long growth;

    private static readonly Re2Cache Cache = new();

    /// <summary>Patterns without a fault: a definition is looked at again with each write of it, its status included, and to make a pattern takes most of a millisecond and 170 KB.</summary>
    private static readonly ConcurrentDictionary<string, bool> Faultless = new(StringComparer.Ordinal);

    private const int MostFaultless = 4096, LongestFaultless = 256;

    private static readonly Dictionary<string, string> Posix = new(StringComparer.Ordinal)
    {
        ["alpha"] = "A-Za-z", ["digit"] = "0-9", ["alnum"] = "0-9A-Za-z", ["upper"] = "A-Z", ["lower"] = "a-z", ["space"] = @"\t\n\v\f\r ",
        ["blank"] = @"\t ", ["punct"] = @"!-/:-@\[-`{-~", ["xdigit"] = "0-9A-Fa-f", ["word"] = "0-9A-Za-z_", ["cntrl"] = @"\x00-\x1f\x7f", ["print"] = " -~", ["graph"] = "!-~", ["ascii"] = @"\x00-\x7f",
    };

    /// <exception cref="ArgumentException">No regular expression.</exception>
    /// <exception cref="RegexMatchTimeoutException">It has too many states for so long a text.</exception>
    public static bool IsMatch(string pattern, string text) => Run(pattern, regex => regex.IsMatch(text));

    /// <summary>Runs a pattern, and forgets all of them once they have grown too large.</summary>
    /// <exception cref="ArgumentException">No regular expression.</exception>
    /// <exception cref="RegexMatchTimeoutException">It has too many states for so long a text.</exception>
    public static T Run<T>(string pattern, Func<Regex, T> with)
    {
        Regex regex = Compile(pattern);
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            return with(regex);
        }
        finally
        {
            if (GC.GetAllocatedBytesForCurrentThread() - before is > 0 and long taken && Interlocked.Add(ref growth, taken) > GrowthLimit)
            {
                Interlocked.Exchange(ref growth, 0);
                Cache.Clear();
            }
        }
    }

    /// <exception cref="ArgumentException">No regular expression.</exception>
    public static Regex Compile(string pattern)
    {
        if (Cache.Find(pattern) is { } kept)
        {
            return kept;
        }

        Regex regex = Make(pattern);
        Cache.Add(pattern, regex);
        return regex;
    }

    /// <summary>Whether it takes memory now.</summary>
    public static bool IsKept(string pattern) => Cache.Find(pattern) is not null;

    /// <inheritdoc cref="Re2Cache.Forget"/>
    public static long Forget() => Cache.Forget();

    /// <summary>Why Go would refuse the pattern, or, rarely, why .NET cannot run it; null when neither.</summary>
    public static string? Fault(string pattern)
    {
        if (Faultless.ContainsKey(pattern))
        {
            return null;
        }

        if (Re2Syntax.Fault(pattern) is { } fault)
        {
            return fault;
        }

        try
        {
            // Only looked at: a definition holds hundreds, and most are never used.
            _ = Cache.Find(pattern) ?? Make(pattern);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return $"error parsing regexp: {e.Message}";
        }

        if (pattern.Length <= LongestFaultless)
        {
            if (Faultless.Count >= MostFaultless)
            {
                Faultless.Clear();
            }

            Faultless[pattern] = true;
        }

        return null;
    }

    /// <param name="name">Such as <c>alpha</c>, of <c>[[:alpha:]]</c>.</param>
    public static bool IsPosixClass(string name) => Posix.ContainsKey(name);

    /// <param name="escape">Such as <c>\pL</c> or <c>\p{Lu}</c>.</param>
    public static bool IsUnicodeClass(string escape)
    {
        try
        {
            Make(escape);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static Regex Make(string pattern) => new(Translate(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Longest);

    private static string Translate(string pattern)
    {
        var made = new StringBuilder(pattern.Length + 8);
        bool inClass = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (c == '\\' && i + 2 < pattern.Length && pattern[i + 1] is 'p' or 'P' && pattern[i + 2] != '{')
            {
                // Classes of one letter need no braces in RE2.
                made.Append(c).Append(pattern[i + 1]).Append('{').Append(pattern[i + 2]).Append('}');
                i += 2;
            }
            else if (c == '\\' && i + 1 < pattern.Length)
            {
                made.Append(Escape(pattern[++i], inClass));
            }
            else if (inClass && c == '[' && i + 1 < pattern.Length && pattern[i + 1] == ':' && pattern.IndexOf(":]", i + 2, StringComparison.Ordinal) is > 0 and int end
                && Posix.TryGetValue(pattern[(i + 2)..end], out string? members))
            {
                made.Append(members);
                i = end + 1;
            }
            else if (inClass)
            {
                inClass = c != ']';
                // A class within a class is a subtraction to .NET and a plain character to RE2.
                made.Append(c == '[' ? "\\[" : c);
            }
            else if (c == '[')
            {
                inClass = true;
                made.Append(c);
                if (i + 1 < pattern.Length && pattern[i + 1] == '^')
                {
                    made.Append(pattern[++i]);
                }

                if (i + 1 < pattern.Length && pattern[i + 1] == ']')
                {
                    made.Append('\\').Append(pattern[++i]);
                }
            }
            else if (c == '$')
            {
                made.Append("\\z");
            }
            else if (c == '(' && pattern.AsSpan(i).StartsWith("(?P<", StringComparison.Ordinal))
            {
                made.Append("(?<");
                i += 3;
            }
            else
            {
                made.Append(c);
            }
        }

        return made.ToString();
    }

    private static string Escape(char c, bool inClass) => c switch
    {
        'd' => inClass ? "0-9" : "[0-9]",
        'D' when !inClass => "[^0-9]",
        'w' => inClass ? "0-9A-Za-z_" : "[0-9A-Za-z_]",
        'W' when !inClass => "[^0-9A-Za-z_]",
        's' => inClass ? @"\t\n\f\r " : @"[\t\n\f\r ]",
        'S' when !inClass => @"[^\t\n\f\r ]",
        _ => "\\" + c,
    };
}
