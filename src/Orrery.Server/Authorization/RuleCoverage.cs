namespace Orrery.Server.Authorization;

/// <summary>Compares sets of rules (upstream <c>component-helpers/auth/rbac/validation</c>).</summary>
internal static class RuleCoverage
{
    /// <summary>The rights in <paramref name="wanted"/> that <paramref name="held"/> does not cover, compacted, in the form for people, sorted.</summary>
    public static IReadOnlyList<string> Missing(IReadOnlyList<PolicyRule> held, IReadOnlyList<PolicyRule> wanted) =>
        [.. MissingRules(held, wanted).Select(rule => rule.ToCompactString()).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The same as rules.</summary>
    public static IReadOnlyList<PolicyRule> MissingRules(IReadOnlyList<PolicyRule> held, IReadOnlyList<PolicyRule> wanted) =>
        [.. Compact([.. wanted.SelectMany(Atoms).Where(atom => !held.Any(rule => Covers(rule, atom)))])];

    /// <summary>Rules of one verb on one resource (and name), or one verb on one path, each.</summary>
    private static IEnumerable<PolicyRule> Atoms(PolicyRule rule)
    {
        foreach (string group in rule.ApiGroups)
        {
            foreach (string resource in rule.Resources)
            {
                foreach (string verb in rule.Verbs)
                {
                    var atom = new PolicyRule { ApiGroups = [group], Resources = [resource], Verbs = [verb] };
                    foreach (PolicyRule named in rule.ResourceNames.Count == 0 ? [atom] : rule.ResourceNames.Select(name => atom with { ResourceNames = [name] }))
                    {
                        yield return named;
                    }
                }
            }
        }

        foreach (string url in rule.NonResourceUrls)
        {
            foreach (string verb in rule.Verbs)
            {
                yield return new PolicyRule { NonResourceUrls = [url], Verbs = [verb] };
            }
        }
    }

    private static bool Covers(PolicyRule held, PolicyRule atom)
    {
        bool verb = Has(held.Verbs, atom.Verbs[0]);
        if (atom.NonResourceUrls.Count > 0)
        {
            return verb && held.AllowsPath(atom.NonResourceUrls[0]);
        }

        string resource = atom.Resources[0];
        int slash = resource.IndexOf('/', StringComparison.Ordinal);
        bool resources = Has(held.Resources, resource) || (slash >= 0 && held.Resources.Contains("*" + resource[slash..]));
        bool names = held.ResourceNames.Count == 0 || (atom.ResourceNames.Count > 0 && held.ResourceNames.Contains(atom.ResourceNames[0]));
        return verb && Has(held.ApiGroups, atom.ApiGroups[0]) && resources && names;
    }

    /// <summary>Joins the verbs of rules that differ in nothing else.</summary>
    private static IEnumerable<PolicyRule> Compact(IEnumerable<PolicyRule> atoms) => atoms
        .GroupBy(a => (Kind: a.NonResourceUrls.Count > 0, Of: a.NonResourceUrls.Count > 0 ? $"{a.NonResourceUrls[0]}\n{a.Verbs[0]}" : $"{a.ApiGroups[0]}\n{a.Resources[0]}\n{string.Join("", a.ResourceNames)}\n{a.ResourceNames.Count}"))
        .Select(same => same.First() with { Verbs = [.. same.Select(a => a.Verbs[0]).Distinct()] });

    private static bool Has(IReadOnlyList<string> held, string wanted) => held.Contains(PolicyRule.Any) || held.Contains(wanted);
}
