using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Orrery.Machinery.Schemas;

/// <summary>
/// Compiled patterns. One takes 170 KB however short it is, since it knows of each character that there may be what it is to it; a tenant's definitions may hold thousands,
/// of which few are in use at a time. So whatever nobody used for a while is forgotten, and made again when it is wanted.
/// </summary>
internal sealed class Re2Cache
{
    /// <summary>Some 90 MB of them.</summary>
    public const int Most = 512;

    /// <summary>Calls of <see cref="Forget"/>, four seconds apart, that a pattern outlives without being used.</summary>
    public const int LooksKept = 15;

    /// <summary>About what one takes.</summary>
    private const long Size = 170 * 1024;

    private readonly ConcurrentDictionary<string, Kept> patterns = new(StringComparer.Ordinal);

    public int Count => patterns.Count;

    /// <returns>Null when it is not there.</returns>
    public Regex? Find(string pattern)
    {
        if (!patterns.TryGetValue(pattern, out Kept? kept))
        {
            return null;
        }

        kept.Unused = 0;
        return kept.Regex;
    }

    public void Add(string pattern, Regex regex)
    {
        if (patterns.Count >= Most)
        {
            // Definitions come and go; a full cache is cheaper to fill anew than to age.
            patterns.Clear();
        }

        patterns[pattern] = new Kept(regex);
    }

    public void Clear() => patterns.Clear();

    /// <summary>Drops those that were not used since <see cref="LooksKept"/> calls.</summary>
    /// <returns>About the bytes that were given up.</returns>
    public long Forget()
    {
        long given = 0;
        foreach ((string pattern, Kept kept) in patterns)
        {
            if (++kept.Unused > LooksKept && patterns.TryRemove(KeyValuePair.Create(pattern, kept)))
            {
                given += Size;
            }
        }

        return given;
    }

    /// <param name="regex">Of the pattern.</param>
    private sealed class Kept(Regex regex)
    {
        public Regex Regex => regex;

        /// <summary>Looks since it was used. Two threads that write it at once are off by one.</summary>
        public volatile int Unused;
    }
}
