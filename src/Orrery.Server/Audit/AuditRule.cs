using Orrery.Server.Authentication;
using Orrery.Server.Requests;

namespace Orrery.Server.Audit;

/// <summary>How a request is recorded.</summary>
internal sealed record AuditDecision(AuditLevel Level, IReadOnlySet<AuditStage> OmitStages, bool OmitManagedFields)
{
    public static readonly AuditDecision Nothing = new(AuditLevel.None, new HashSet<AuditStage>(), false);
}

/// <param name="Names">Empty means every name.</param>
internal sealed record AuditResources(string Group, IReadOnlyList<string> Resources, IReadOnlyList<string> Names);

/// <summary>One rule of a policy. A list that is empty restricts nothing. Matching as apiserver <c>pkg/audit/policy/checker.go</c>.</summary>
internal sealed record AuditRule
{
    public required AuditDecision Decision { get; init; }

    public IReadOnlyList<string> Users { get; init; } = [];

    public IReadOnlyList<string> UserGroups { get; init; } = [];

    public IReadOnlyList<string> Verbs { get; init; } = [];

    public IReadOnlyList<AuditResources> Resources { get; init; } = [];

    /// <summary>The empty name stands for what is outside namespaces.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    public IReadOnlyList<string> NonResourceUrls { get; init; } = [];

    /// <param name="user">Null when nobody could be authenticated.</param>
    public bool Matches(RequestInfo info, UserInfo? user)
    {
        if ((Users.Count > 0 && (user is null || !Users.Contains(user.Name)))
            || (UserGroups.Count > 0 && (user is null || !UserGroups.Any(user.Groups.Contains)))
            || (Verbs.Count > 0 && !Verbs.Contains(info.Verb)))
        {
            return false;
        }

        if (Namespaces.Count > 0 || Resources.Count > 0)
        {
            return MatchesResource(info);
        }

        return NonResourceUrls.Count == 0 || (!info.IsResourceRequest && NonResourceUrls.Any(url => MatchesPath(url, info.Path)));
    }

    private bool MatchesResource(RequestInfo info)
    {
        if (!info.IsResourceRequest || (Namespaces.Count > 0 && !Namespaces.Contains(info.Namespace)))
        {
            return false;
        }

        return Resources.Count == 0 || Resources.Any(rule => (rule.Group == "*" || rule.Group == info.Group)
            && (rule.Names.Count == 0 || rule.Names.Contains(info.Name))
            && (rule.Resources.Count == 0 || rule.Resources.Any(resource => MatchesName(resource, info))));
    }

    /// <summary><c>pods</c>, <c>pods/log</c>, <c>pods/*</c>, <c>*/log</c>, <c>*</c>.</summary>
    private static bool MatchesName(string rule, RequestInfo info)
    {
        string asked = info.Subresource.Length == 0 ? info.Resource : $"{info.Resource}/{info.Subresource}";
        return rule == "*" || rule == asked
            || (info.Subresource.Length > 0 && (rule == $"*/{info.Subresource}" || rule == $"{info.Resource}/*"));
    }

    private static bool MatchesPath(string rule, string path) =>
        rule == "*" || rule == path || (rule.EndsWith('*') && path.StartsWith(rule.TrimEnd('*'), StringComparison.Ordinal));
}
