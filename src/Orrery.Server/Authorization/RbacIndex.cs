using System.Collections.Concurrent;
using Orrery.Api;
using Orrery.Server.Authentication;

namespace Orrery.Server.Authorization;

/// <summary>
/// All RBAC of one cluster as evaluated: its own layer over the shared base. Immutable but for rules of aggregated roles,
/// which are gathered when first needed.
/// </summary>
internal sealed class RbacIndex
{
    private readonly RbacLayer below;
    private readonly RbacLayer own;
    private readonly ConcurrentDictionary<string, IReadOnlyList<PolicyRule>> aggregated;

    public RbacIndex(RbacLayer below, RbacLayer own)
        : this(below, own, new(StringComparer.Ordinal))
    {
    }

    private RbacIndex(RbacLayer below, RbacLayer own, ConcurrentDictionary<string, IReadOnlyList<PolicyRule>> aggregated)
    {
        this.below = below;
        this.own = own;
        this.aggregated = aggregated;
    }

    /// <summary>The same cluster after some changes. What roles gather is gathered anew only where a change may have to do with it.</summary>
    public RbacIndex With(IReadOnlyCollection<RbacChange> changes)
    {
        RbacLayer next = own.With(changes);
        bool gathersAsBefore = changes.Where(c => c.Kind == "ClusterRole").All(c => below.Role("", c.Name) is null && IsOfNoConcern(own.Role("", c.Name)) && IsOfNoConcern(next.Role("", c.Name)));
        return gathersAsBefore ? new RbacIndex(below, next, aggregated) : new RbacIndex(below, next);
    }

    /// <summary>The first grant that allows, or a refusal with what could not be resolved.</summary>
    public AuthorizationDecision Authorize(AuthorizationAttributes attributes)
    {
        SortedSet<string>? missing = null;
        foreach ((RbacBinding binding, RbacSubject subject) in Grants(attributes.User, attributes.IsResourceRequest ? attributes.Namespace : ""))
        {
            if (Rules(binding.Role, binding.Namespace) is not { } rules)
            {
                (missing ??= new SortedSet<string>(StringComparer.Ordinal)).Add(NotFound(binding.Role));
                continue;
            }

            foreach (PolicyRule rule in rules)
            {
                if (rule.Allows(attributes))
                {
                    return new AuthorizationDecision(true, $"RBAC: allowed by {binding.Describe(subject)}");
                }
            }
        }

        return new AuthorizationDecision(false, missing is null ? "" : $"RBAC: {(missing.Count == 1 ? missing.Min : $"[{string.Join(", ", missing)}]")}");
    }

    /// <summary>Everything granted to a user in a namespace (empty: cluster-wide only), and the roles that do not exist.</summary>
    public (IReadOnlyList<PolicyRule> Rules, IReadOnlyList<string> Missing) RulesFor(UserInfo user, string ns)
    {
        var all = new List<PolicyRule>();
        var missing = new List<string>();
        foreach ((RbacBinding binding, _) in Grants(user, ns))
        {
            if (Rules(binding.Role, binding.Namespace) is { } rules)
            {
                all.AddRange(rules);
            }
            else
            {
                missing.Add(NotFound(binding.Role));
            }
        }

        return (all, missing);
    }

    /// <param name="ns">Of the binding; empty for a ClusterRoleBinding.</param>
    /// <returns>Null when the role does not exist.</returns>
    public IReadOnlyList<PolicyRule>? Rules(RoleRef role, string ns) => role.Kind switch
    {
        "ClusterRole" => ClusterRole(role.Name),
        "Role" when ns.Length > 0 => Find("Role", ns, role.Name)?.Rules,
        _ => null,
    };

    public IReadOnlyList<string> AggregatedNames => [.. Visible(l => l.Aggregating).Select(r => r.Name)];

    private IEnumerable<RbacRole> Visible(Func<RbacLayer, IEnumerable<RbacRole>> clusterRoles) =>
        clusterRoles(own).Concat(clusterRoles(below).Where(r => !own.Hides("ClusterRole", "", r.Name)));

    /// <summary>The rules that an aggregated ClusterRole gathers now; null when there is none of that name, or it gathers nothing.</summary>
    public IReadOnlyList<PolicyRule>? Aggregated(string name) =>
        Find("ClusterRole", "", name) is { Aggregates: not null } role ? aggregated.GetOrAdd(name, _ => Gather(role, [], [])) : null;

    public static string NotFound(RoleRef role) =>
        ApiErrors.NotFound(new GroupResource("rbac.authorization.k8s.io", role.Kind == "Role" ? "role" : "clusterrole"), role.Name).Message;

    private IEnumerable<(RbacBinding Binding, RbacSubject Subject)> Grants(UserInfo user, string ns)
    {
        foreach (string scope in ns.Length > 0 ? (string[])["", ns] : [""])
        {
            foreach (string key in user.Groups.Select(g => "g:" + g).Prepend("u:" + user.Name))
            {
                foreach ((RbacBinding, RbacSubject) grant in own.Bindings(scope, key))
                {
                    yield return grant;
                }

                foreach ((RbacBinding Binding, RbacSubject Subject) grant in below.Bindings(scope, key))
                {
                    if (own.HidesNothing || !own.Hides(scope.Length > 0 ? "RoleBinding" : "ClusterRoleBinding", scope, grant.Binding.Name))
                    {
                        yield return grant;
                    }
                }
            }
        }
    }

    /// <summary>Whether no role gathers this one, and it gathers none.</summary>
    private bool IsOfNoConcern(RbacRole? role) =>
        role is null || (role.Aggregates is null && !Visible(l => l.Aggregating).Any(a => a.Aggregates!.Any(selector => selector.Matches(role.Labels))));

    private IReadOnlyList<PolicyRule>? ClusterRole(string name) => Aggregated(name) ?? Find("ClusterRole", "", name)?.Rules;

    private RbacRole? Find(string kind, string ns, string name) =>
        own.Role(ns, name) ?? (own.Hides(kind, ns, name) ? null : below.Role(ns, name));

    /// <summary>One rule for each different one among the roles selected, in order of their names.</summary>
    /// <param name="rules">Gathered so far; added to, and returned.</param>
    /// <param name="seen">
    /// Roles that were gathered already, or are being: a role that is reached by a detour, itself or another, adds nothing once more. Who let it would walk every
    /// path there is among roles that gather each other, of which a dozen have a thousand million.
    /// </param>
    private List<PolicyRule> Gather(RbacRole role, List<PolicyRule> rules, HashSet<string> seen)
    {
        if (!seen.Add(role.Name))
        {
            return rules;
        }

        foreach (RbacRole source in role.Aggregates!.SelectMany(selector =>
            Visible(l => l.ClusterRoles).Where(r => r.Name != role.Name && selector.Matches(r.Labels)).OrderBy(r => r.Name, StringComparer.Ordinal)))
        {
            if (source.Aggregates is not null)
            {
                Gather(source, rules, seen);
                continue;
            }

            foreach (PolicyRule rule in source.Rules)
            {
                if (!rules.Any(rule.SameAs))
                {
                    rules.Add(rule);
                }
            }
        }

        return rules;
    }
}
