using Orrery.Helm.Go;

namespace Orrery.Helm.Host;

/// <summary>Go's path.Match: * and ? stop at '/', [a-z] and [^a-z] are classes, a backslash takes the next character as it is.</summary>
internal static class PathPattern
{
    private static readonly GoException Bad = new("syntax error in pattern");

    /// <exception cref="GoException">It is no pattern.</exception>
    public static void Check(string pattern)
    {
        for (int i = 0; i < pattern.Length;)
        {
            if (pattern[i] == '[')
            {
                Class(pattern, ref i, 'a');
            }
            else if (pattern[i] == '\\' && ++i == pattern.Length)
            {
                throw Bad;
            }
            else
            {
                i++;
            }
        }
    }

    public static bool Matches(string pattern, string name)
    {
        // Where the last star stands, and how far into the name it has been stretched.
        (int star, int stretched) = (-1, 0);
        int p = 0;
        int n = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, stretched) = (++p, n);
            }
            else if (p < pattern.Length && One(pattern, ref p, name[n]))
            {
                n++;
            }
            else if (star >= 0 && name[stretched] != '/')
            {
                (p, n) = (star, ++stretched);
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(p).TrimStart('*').IsEmpty;
    }

    private static bool One(string pattern, ref int p, char c)
    {
        switch (pattern[p])
        {
            case '?':
                p++;
                return c != '/';
            case '[':
                return Class(pattern, ref p, c) && c != '/';
            case '\\' when p + 1 < pattern.Length:
                p += 2;
                return pattern[p - 1] == c;
            default:
                return pattern[p++] == c;
        }
    }

    private static bool Class(string pattern, ref int p, char c)
    {
        p++;
        bool negated = p < pattern.Length && pattern[p] == '^';
        p += negated ? 1 : 0;
        bool found = false;
        for (bool first = true; p < pattern.Length && (pattern[p] != ']' || first); first = false)
        {
            char low = Character(pattern, ref p);
            char high = low;
            if (p < pattern.Length && pattern[p] == '-')
            {
                p++;
                high = Character(pattern, ref p);
            }

            found |= c >= low && c <= high;
        }

        if (p >= pattern.Length)
        {
            throw Bad;
        }

        p++;
        return found != negated;
    }

    private static char Character(string pattern, ref int p)
    {
        if (p >= pattern.Length || pattern[p] is '-' or ']')
        {
            throw Bad;
        }

        p += pattern[p] == '\\' ? 1 : 0;
        return p < pattern.Length ? pattern[p++] : throw Bad;
    }
}
