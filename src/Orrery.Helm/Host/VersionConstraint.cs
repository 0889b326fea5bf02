using System.Text.RegularExpressions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Host;

/// <summary>Masterminds/semver v3 constraints: alternatives (||) of sets (comma or space) of comparisons, with ~, ^, x and hyphen ranges.</summary>
internal sealed partial class VersionConstraint
{
    private sealed record Part(string Operator, SemanticVersion Version, bool MinorDirty, bool PatchDirty, bool Dirty);

    private readonly List<List<Part>> alternatives = [];

    public static VersionConstraint Parse(string text)
    {
        var constraint = new VersionConstraint();
        string rewritten = Hyphen().Replace(text, m => $">= {m.Groups[1].Value}, <= {m.Groups[2].Value} ");
        foreach (string alternative in rewritten.Split("||"))
        {
            if (!Whole().IsMatch(alternative))
            {
                throw new GoException($"improper constraint: {GoQuote.Quote(alternative)}");
            }

            constraint.alternatives.Add([.. One().Matches(alternative).Where(m => m.Value.Trim().Length > 0).Select(Read)]);
        }

        return constraint;
    }

    private static Part Read(Match m)
    {
        static bool Wild(string s) => s.Length == 0 || s is "x" or "X" or "*";
        string major = m.Groups[2].Value, minor = m.Groups[3].Value, patch = m.Groups[4].Value;
        bool any = Wild(major);
        bool minorDirty = !any && Wild(minor);
        bool patchDirty = !any && !minorDirty && Wild(patch);
        string numbers = any ? "0.0.0" : minorDirty ? $"{major}.0.0" : $"{major}.{minor}.{(patchDirty ? "0" : patch)}";
        try
        {
            return new Part(m.Groups[1].Value, SemanticVersion.Parse(numbers + m.Groups[5].Value), minorDirty, patchDirty, any || minorDirty || patchDirty);
        }
        catch (GoException)
        {
            throw new GoException("constraint parser error");
        }
    }

    /// <summary>A pre-release only satisfies a set of which some part names one.</summary>
    public bool Check(SemanticVersion v) => alternatives.Any(set => (v.Pre.Length == 0 || set.Any(p => p.Version.Pre.Length > 0)) && set.All(p => Check(p, v)));

    private static bool Check(Part c, SemanticVersion v)
    {
        int compare = v.CompareTo(c.Version);
        return c.Operator switch
        {
            "!=" => c.Dirty ? Differs(c, v) : compare != 0,
            ">" => c.MinorDirty || c.PatchDirty ? v.Major > c.Version.Major || (v.Major == c.Version.Major && c.PatchDirty && v.Minor > c.Version.Minor)
                : c.Dirty ? v.Major > c.Version.Major || compare > 0 : compare > 0,
            ">=" or "=>" => compare >= 0,
            "<" => compare < 0,
            "<=" or "=<" => !c.Dirty ? compare <= 0 : v.Major < c.Version.Major || (v.Major == c.Version.Major && (c.MinorDirty || v.Minor <= c.Version.Minor)),
            "^" => compare >= 0 && Caret(c, v),
            _ when c.Dirty || c.Operator.StartsWith('~') => compare >= 0 && Tilde(c, v),
            _ => compare == 0,
        };
    }

    private static bool Differs(Part c, SemanticVersion v)
    {
        if (c.Version.Major != v.Major)
        {
            return true;
        }

        if (c.MinorDirty || c.Version.Minor != v.Minor)
        {
            return !c.MinorDirty;
        }

        return c.PatchDirty ? c.Version.Pre != v.Pre : c.Version.Patch != v.Patch || v.CompareTo(c.Version) != 0;
    }

    private static bool Tilde(Part c, SemanticVersion v) =>
        (c is { MinorDirty: false, PatchDirty: false, Version: { Major: 0, Minor: 0, Patch: 0 } })
        || (v.Major == c.Version.Major && (c.MinorDirty || v.Minor == c.Version.Minor));

    private static bool Caret(Part c, SemanticVersion v)
    {
        if (c.Version.Major > 0 || c.MinorDirty)
        {
            return v.Major == c.Version.Major;
        }

        if (v.Major > 0)
        {
            return false;
        }

        if (c.Version.Minor > 0 || c.PatchDirty)
        {
            return v.Minor == c.Version.Minor;
        }

        return v.Minor == 0 && v.Patch == c.Version.Patch;
    }

    private const string Ver = @"v?([0-9]+|[xX*])(?:\.([0-9]+|[xX*]))?(?:\.([0-9]+|[xX*]))?((?:-[0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*)?)(?:\+[0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*)?";

    [GeneratedRegex(@"(>=|=>|<=|=<|!=|~>|=|>|<|~|\^|)\s*" + Ver)]
    private static partial Regex One();

    [GeneratedRegex(@"^(\s*(?:>=|=>|<=|=<|!=|~>|=|>|<|~|\^|)\s*" + Ver + @"\s*)((?:\s+|,\s*)(?:>=|=>|<=|=<|!=|~>|=|>|<|~|\^|)\s*" + Ver + @"\s*)*$")]
    private static partial Regex Whole();

    /// <summary>A part of a hyphen range. The bar is in the real one's pattern by mistake, which shows where alternatives stand without spaces: 1||2 - 3.</summary>
    private const string RangeEnd = @"(v?[0-9|xX*]+(?:\.[0-9|xX*]+)?(?:\.[0-9|xX*]+)?(?:-[0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*)?(?:\+[0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*)?)";

    [GeneratedRegex(@"\s*" + RangeEnd + @"\s+-\s+" + RangeEnd + @"\s*")]
    private static partial Regex Hyphen();
}
