using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Server.Authorization;

namespace Orrery.Server.Authentication;

/// <summary>
/// One way to be allowed to act as somebody else (KEP-5284, apiserver <c>pkg/endpoints/filters/impersonation/mode.go</c>): as users of
/// one kind, by rights that say both as whom (<c>impersonate:MODE</c>) and for what (<c>impersonate-on:MODE:VERB</c>).
/// </summary>
/// <param name="Name">Null: the plain right to <c>impersonate</c>, for whatever is done.</param>
/// <param name="Applies">Whether the one that is asked for (first) by somebody (second) is of its kind.</param>
internal sealed record ImpersonationMode(string? Name, Func<UserInfo, UserInfo, bool> Applies)
{
    private const string NodePrefix = "system:node:";
    private const string NodeExtra = "authentication.kubernetes.io/node-name";
    private const string NodeKeys = "authentication.kubernetes.io/associated-node-keys";

    /// <summary>From so many names on, the right to all of them is looked for first.</summary>
    private const int Many = 4;

    /// <summary>In the order in which they are tried.</summary>
    public static readonly IReadOnlyList<ImpersonationMode> All =
    [
        new("associated-node", static (wanted, by) => IsNameAlone(wanted) && Node(wanted.Name) is { } node && ServiceAccountName.Split(by.Name) is not null
            && by.Extra.TryGetValue(NodeExtra, out IReadOnlyList<string>? at) && at.Count == 1 && at[0] == node),
        new("arbitrary-node", static (wanted, _) => IsNameAlone(wanted) && Node(wanted.Name) is not null),
        new("serviceaccount", static (wanted, _) => IsNameAlone(wanted) && ServiceAccountName.Split(wanted.Name) is not null),
        new("user-info", static (wanted, _) => Node(wanted.Name) is null && ServiceAccountName.Split(wanted.Name) is null),
        new(null, static (_, _) => true),
    ];

    /// <summary>The verb of the right to be somebody.</summary>
    public string Verb => Name is null ? "impersonate" : "impersonate:" + Name;

    private string Group => Name is null ? "" : "authentication.k8s.io";

    /// <summary>Whether it lets somebody do what is asked as the one that is wanted.</summary>
    /// <returns>Why not, 403; null: it does.</returns>
    public async ValueTask<StatusException?> RefusalAsync(IAuthorizer authorizer, AuthorizationAttributes asked, UserInfo wanted, CancellationToken cancellationToken)
    {
        UserInfo by = asked.User;
        if (Name == "associated-node")
        {
            // What the mode has looked at itself: all nodes of one account are alike to whoever decides.
            by = by with { Extra = new Dictionary<string, IReadOnlyList<string>> { [NodeKeys] = [.. by.Extra.Keys.Order(StringComparer.Ordinal)] } };
        }

        var right = new AuthorizationAttributes { User = by, Cluster = asked.Cluster, Verb = Verb, Group = Group, Version = "v1" };
        StatusException? refused = Name is null ? null : await AskAsync(authorizer, asked with { User = by, Verb = $"impersonate-on:{Name}:{asked.Verb}" }, cancellationToken);
        refused ??= await AskAsync(authorizer, OfName(right, wanted.Name), cancellationToken);
        if (refused is null && wanted.Uid.Length > 0)
        {
            refused = await AskAsync(authorizer, right with { Group = "authentication.k8s.io", Resource = "uids", Name = wanted.Uid }, cancellationToken);
        }

        refused ??= await GroupsAsync(authorizer, right with { Resource = "groups" }, wanted.Groups, cancellationToken);
        return refused ?? await ExtraAsync(authorizer, right with { Group = "authentication.k8s.io", Resource = "userextras" }, wanted.Extra, cancellationToken);
    }

    /// <summary>The one that is wanted, with the groups that it would have had.</summary>
    public UserInfo Complete(UserInfo wanted)
    {
        IReadOnlyList<string> groups = Name is not null && Node(wanted.Name) is not null ? ["system:nodes"]
            : wanted.Groups.Count == 0 && ServiceAccountName.Split(wanted.Name) is { } account ? ServiceAccountName.Groups(account.Namespace)
            : wanted.Groups;
        string implied = wanted.Name == UserGroups.Anonymous || groups.Contains(UserGroups.Unauthenticated) ? UserGroups.Unauthenticated : UserGroups.Authenticated;
        return wanted with { Groups = groups.Contains(implied) ? groups : [.. groups, implied] };
    }

    private AuthorizationAttributes OfName(AuthorizationAttributes right, string name) =>
        Name is not null && Node(name) is { } node ? right with { Resource = "nodes", Name = Name == "associated-node" ? "*" : node }
        : ServiceAccountName.Split(name) is { } account ? right with { Resource = "serviceaccounts", Namespace = account.Namespace, Name = account.Name }
        : right with { Resource = "users", Name = name };

    private async ValueTask<StatusException?> GroupsAsync(IAuthorizer authorizer, AuthorizationAttributes right, IReadOnlyList<string> groups, CancellationToken cancellationToken)
    {
        if (Name is not null && groups.Contains(""))
        {
            return AuthorizerExtensions.Forbidden(right, "impersonating the empty string group is not allowed");
        }

        if (Name is not null && groups.Contains(UserGroups.Masters))
        {
            return AuthorizerExtensions.Forbidden(right with { Name = UserGroups.Masters }, "impersonating the system:masters group is not allowed");
        }

        if (Name is not null && groups.Count >= Many && await AskAsync(authorizer, right with { Name = "*" }, cancellationToken) is null)
        {
            return null;
        }

        foreach (string group in groups)
        {
            if (await AskAsync(authorizer, right with { Name = group }, cancellationToken) is { } refused)
            {
                return refused;
            }
        }

        return null;
    }

    private async ValueTask<StatusException?> ExtraAsync(
        IAuthorizer authorizer, AuthorizationAttributes right, IReadOnlyDictionary<string, IReadOnlyList<string>> extra, CancellationToken cancellationToken)
    {
        if (Name is not null && extra.Select(e => ExtraFault(e.Key, e.Value)).FirstOrDefault(f => f is not null) is { } fault)
        {
            return AuthorizerExtensions.Forbidden(right, fault);
        }

        if (Name is not null && (extra.Count >= Many || extra.Sum(e => e.Value.Count) >= Many)
            && await AskAsync(authorizer, right with { Subresource = "*", Name = "*" }, cancellationToken) is null)
        {
            return null;
        }

        foreach ((string key, string value) in extra.SelectMany(e => e.Value.Select(v => (e.Key, v))))
        {
            if (await AskAsync(authorizer, right with { Subresource = key, Name = value }, cancellationToken) is { } refused)
            {
                return refused;
            }
        }

        return null;
    }

    private static string? ExtraFault(string key, IReadOnlyList<string> values)
    {
        if (key.Length == 0)
        {
            return "impersonating the empty string key in extra is not allowed";
        }

        IReadOnlyList<FieldError> faults = DomainPaths.Check(key, "extra.key");
        return faults.Count > 0 ? $"impersonating an invalid key in extra is not allowed: {(faults.Count == 1 ? faults[0].ToString() : $"[{string.Join(", ", faults)}]")}"
            : values.Count == 0 ? "impersonating empty values in extra is not allowed"
            : values.Contains("") ? "impersonating the empty string value in extra is not allowed"
            : null;
    }

    private static async ValueTask<StatusException?> AskAsync(IAuthorizer authorizer, AuthorizationAttributes right, CancellationToken cancellationToken)
    {
        AuthorizationDecision decision = await authorizer.AuthorizeAsync(right, cancellationToken);
        return decision.Allowed ? null
            : AuthorizerExtensions.Forbidden(right, string.Join(": ", new[] { decision.Error ?? "", decision.Reason }.Where(t => t.Length > 0)));
    }

    private static bool IsNameAlone(UserInfo wanted) => wanted.Uid.Length == 0 && wanted.Groups.Count == 0 && wanted.Extra.Count == 0;

    /// <summary>The name of the node that a user is; null: none.</summary>
    private static string? Node(string user) =>
        user.StartsWith(NodePrefix, StringComparison.Ordinal) && user[NodePrefix.Length..] is var node && !Names.CheckDns1123Subdomain(node).Any() ? node : null;
}
