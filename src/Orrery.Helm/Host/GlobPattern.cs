using System.Text;
using System.Text.RegularExpressions;

namespace Orrery.Helm.Host;

/// <summary>gobwas/glob with '/' as the separator: * stops at it, ** does not, {a,b} are alternatives.</summary>
internal static class GlobPattern
{
    /// <summary>null when the pattern is faulty; Helm then takes "**".</summary>
    public static Regex? Compile(string pattern)
    {
        var b = new StringBuilder("^");
        int alternatives = 0;
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            switch (c)
            {
                case '*' when i + 1 < pattern.Length && pattern[i + 1] == '*':
                    b.Append(".*");
                    i++;
                    break;
                case '*':
                    b.Append("[^/]*");
                    break;
                case '?':
                    b.Append("[^/]");
                    break;
                case '{':
                    alternatives++;
                    b.Append("(?:");
                    break;
                case '}' when alternatives > 0:
                    alternatives--;
                    b.Append(')');
                    break;
                case ',' when alternatives > 0:
                    b.Append('|');
                    break;
                case '\\' when i + 1 < pattern.Length:
                    b.Append(Regex.Escape(pattern[++i].ToString()));
                    break;
                case '[' when pattern.IndexOf(']', i) is var end and > 0:
                    string set = pattern[(i + 1)..end];
                    b.Append('[').Append(set.StartsWith('!') ? "^" + set[1..] : set).Append(']');
                    i = end;
                    break;
                case '[':
                    return null;
                default:
                    b.Append(Regex.Escape(c.ToString()));
                    break;
            }
        }

        return alternatives > 0 ? null : new Regex(b.Append("\\z").ToString(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline);
    }
}
