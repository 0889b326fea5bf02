using Orrery.Helm.Go;
using Orrery.Helm.Host;

namespace Orrery.Helm.Charts;

/// <summary>
/// .helmignore: patterns of files that are no part of a chart. A rule with '!' drops whatever it does not match, as Helm
/// has it.
/// </summary>
internal sealed class IgnoreRules
{
    private sealed record Rule(string Pattern, bool IsNegated, bool OnlyFolders, bool OnlyNames);

    private readonly List<Rule> rules = [];

    /// <exception cref="GoException">A rule cannot be understood.</exception>
    public static IgnoreRules Parse(string text)
    {
        var ignore = new IgnoreRules();
        foreach (string line in (text.StartsWith("\xEF\xBB\xBF", StringComparison.Ordinal) ? text[3..] : text).Split('\n'))
        {
            ignore.Add(line.Trim());
        }

        // Editors' leftovers beside templates never count.
        ignore.Add("templates/.?*");
        return ignore;
    }

    private void Add(string rule)
    {
        if (rule.Length == 0 || rule.StartsWith('#'))
        {
            return;
        }

        if (rule.Contains("**", StringComparison.Ordinal))
        {
            throw new GoException("double-star (**) syntax is not supported");
        }

        PathPattern.Check(rule);
        bool negated = rule.StartsWith('!');
        rule = negated ? rule[1..] : rule;
        bool folder = rule.EndsWith('/');
        rule = folder ? rule[..^1] : rule;
        bool rooted = rule.StartsWith('/');
        rules.Add(new Rule(rooted ? rule[1..] : rule, negated, folder, !rooted && !rule.Contains('/', StringComparison.Ordinal)));
    }

    /// <summary>Whether a file or folder is left out; the path is relative to the chart, with '/'.</summary>
    public bool Ignores(string path, bool isFolder)
    {
        foreach (Rule rule in rules)
        {
            bool matches = PathPattern.Matches(rule.Pattern, rule.OnlyNames ? path[(path.LastIndexOf('/') + 1)..] : path);
            if (rule.IsNegated)
            {
                if ((rule.OnlyFolders && !isFolder) || !matches)
                {
                    return true;
                }
            }
            else if (matches && (!rule.OnlyFolders || isFolder))
            {
                return true;
            }
        }

        return false;
    }
}
