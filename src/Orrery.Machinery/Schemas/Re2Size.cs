using System.Globalization;

namespace Orrery.Machinery.Schemas;

/// <summary>How large a pattern is once everything that it counts is written out: at worst each character of a text takes a step in all of it.</summary>
internal static class Re2Size
{
    private const long Largest = 1_000_000_000;

    /// <summary>The members of a pattern, each as often as it is counted; no more than a billion.</summary>
    public static long Of(string pattern)
    {
        // Of each group that is open, what it came to so far and its last member, which a count repeats.
        var open = new Stack<(long Sum, long Last)>();
        long sum = 0, last = 0;
        for (int i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '(':
                    open.Push((sum, last));
                    (sum, last) = (0, 0);
                    continue;
                case ')' when open.TryPop(out (long Sum, long Last) outer):
                    (sum, last) = (Math.Min(Largest, outer.Sum + outer.Last), sum + last);
                    continue;
                case '{' when Most(pattern, i) is { } most:
                    last = Math.Min(Largest, last * most);
                    i = pattern.IndexOf('}', i);
                    continue;
                case '[':
                    i = EndOfClass(pattern, i);
                    break;
                case '\\':
                    i++;
                    break;
            }

            (sum, last) = (Math.Min(Largest, sum + last), 1);
        }

        return Math.Min(Largest, sum + last);
    }

    /// <summary>The most that a count allows; null when the brace is plain text.</summary>
    private static long? Most(string pattern, int at)
    {
        int end = pattern.IndexOf('}', at);
        if (end < 0 || end - at > 12)
        {
            return null;
        }

        string[] bounds = pattern[(at + 1)..end].Split(',');
        return bounds.Length <= 2 && long.TryParse(bounds[^1].Length > 0 ? bounds[^1] : bounds[0], NumberStyles.None, CultureInfo.InvariantCulture, out long most) ? Math.Max(1, most) : null;
    }

    private static int EndOfClass(string pattern, int at)
    {
        int i = at + 1;
        i += i < pattern.Length && pattern[i] == '^' ? 1 : 0;
        for (i += i < pattern.Length && pattern[i] == ']' ? 1 : 0; i < pattern.Length && pattern[i] != ']'; i++)
        {
            i += pattern[i] == '\\' ? 1 : 0;
        }

        return i;
    }
}
