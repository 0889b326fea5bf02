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
        string rewritten = Hyphen().Replace(text, m => $">={m.Groups[1].Value} <={m.Groups[2].Value}");
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
        bool minorDirty = !Wild(major) && Wild(minor);
        bool patchDirty = !Wild(major) && Wild(patch);
        bool dirty = Wild(major) || minorDirty || patchDirty;
        string version = Wild(major) ? "0.0.0" : $"{major}.{(minorDirty ? "0" : minor)}.{(patchDirty ? "0" : patch)}" + (m.Groups[5].Length > 0 ? "-" + m.Groups[5].Value : "");
        return new Part(m.Groups[1].Value, SemanticVersion.Parse(version), minorDirty, patchDirty && !minorDirty, dirty) with { MinorDirty = minorDirty || Wild(major) };
    }

    public bool Check(SemanticVersion v)
    {
        // A pre-release only satisfies a set in which some part names one.
        return alternatives.Any(set => set.All(p => Check(p, v, set.Any(o => o.Version.Pre.Length > 0))));
    }

    private static bool Check(Part c, SemanticVersion v, bool pre)
    {
        if (v.Pre.Length > 0 && c.Version.Pre.Length == 0 && !(pre && c.Version.Pre.Length > 0))
        {
            return false;
        }

        bool wildMajor = c.Dirty && c.MinorDirty && c.Version is { Major: 0, Minor: 0, Patch: 0 } && c.Operator is "" or "=";
        int compare = v.CompareTo(c.Version);
        return c.Operator switch
        {
            "!=" => c.Dirty ? c.Version.Major != v.Major || (!c.MinorDirty && c.Version.Minor != v.Minor) || (!c.MinorDirty && !c.PatchDirty) : compare != 0,
            ">" => !c.Dirty ? compare > 0 : v.Major > c.Version.Major || (v.Major == c.Version.Major && !c.MinorDirty && v.Minor > c.Version.Minor),
            ">=" or "=>" => compare >= 0,
            "<" => compare < 0,
            "<=" or "=<" => !c.Dirty ? compare <= 0 : v.Major < c.Version.Major || (v.Major == c.Version.Major && (c.MinorDirty || v.Minor <= c.Version.Minor)),
            "^" => compare >= 0 && Caret(c, v),
            "~" or "~>" => compare >= 0 && (c is { Dirty: true, MinorDirty: true, Version: { Major: 0, Minor: 0 } } || (v.Major == c.Version.Major && (c.MinorDirty || v.Minor == c.Version.Minor))),
            _ when c.Dirty => wildMajor && IsAny(c) ? compare >= 0 : compare >= 0 && v.Major == c.Version.Major && (c.MinorDirty || v.Minor == c.Version.Minor),
            _ => compare == 0,
        };
    }

    private static bool IsAny(Part c) => c.MinorDirty && !c.PatchDirty && c.Version.Major == 0;

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

    private const string Ver = @"v?([0-9]+|[xX*])(?:\.([0-9]+|[xX*]))?(?:\.([0-9]+|[xX*]))?(?:-([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?(?:\+[0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*)?";

    [GeneratedRegex(@"(>=|=>|<=|=<|!=|~>|=|>|<|~|\^|)\s*" + Ver)]
    private static partial Regex One();

    [GeneratedRegex(@"^(\s*(?:>=|=>|<=|=<|!=|~>|=|>|<|~|\^|)\s*" + Ver + @"\s*)((?:\s+|,\s*)(?:>=|=>|<=|=<|!=|~>|=|>|<|~|\^|)\s*" + Ver + @"\s*)*$")]
    private static partial Regex Whole();

    [GeneratedRegex(@"\s*(v?[0-9xX*][0-9A-Za-z.+*\-]*)\s+-\s+(v?[0-9xX*][0-9A-Za-z.+*\-]*)\s*")]
    private static partial Regex Hyphen();
}
