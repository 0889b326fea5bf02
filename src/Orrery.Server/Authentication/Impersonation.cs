using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Orrery.Api;
using Orrery.Server.Audit;
using Orrery.Server.Authorization;
using Orrery.Server.Requests;

namespace Orrery.Server.Authentication;

/// <summary>
/// Lets a user who may <c>impersonate</c> act as another in the same cluster. Rules of apiserver
/// <c>pkg/endpoints/filters/impersonation</c>.
/// </summary>
internal sealed class Impersonation(IAuthorizer authorizer, ILogger<Impersonation> log)
{
    private const string Prefix = "Impersonate-";
    private static readonly string[] ExtraPrefixes = ["Impersonate-Extra-"];

    /// <param name="trail">Told of the other user; null where the request is not recorded.</param>
    /// <returns>The other user, or <paramref name="user"/> itself when the request asks for none.</returns>
    public ValueTask<UserInfo> ApplyAsync(UserInfo user, RequestInfo request, IHeaderDictionary headers, AuditTrail? trail, CancellationToken cancellationToken) =>
        AsksForAny(headers) ? ImpersonateAsync(user, request, headers, trail, cancellationToken) : new(user);

    private async ValueTask<UserInfo> ImpersonateAsync(UserInfo user, RequestInfo request, IHeaderDictionary headers, AuditTrail? trail, CancellationToken cancellationToken)
    {
        string name = headers["Impersonate-User"].ToString(), uid = headers["Impersonate-Uid"].ToString();
        string[] groups = Values(headers["Impersonate-Group"]);
        SortedDictionary<string, IReadOnlyList<string>> extra = ExtraHeaders.Read(headers, ExtraPrefixes);
        if (name.Length == 0 && uid.Length == 0 && groups.Length == 0 && extra.Count == 0)
        {
            return user;
        }

        if (name.Length == 0)
        {
            throw ApiErrors.BadRequest($"requested {Describe(uid, groups, extra)} without impersonating a user name");
        }

        // 1. Each part of the other identity is a right of its own.
        var right = new AuthorizationAttributes { User = user, Cluster = request.Cluster, Verb = "impersonate", Version = "v1" };
        (string Namespace, string Name)? account = ServiceAccountName.Split(name);
        await authorizer.RequireAsync(account is { } a ? right with { Resource = "serviceaccounts", Namespace = a.Namespace, Name = a.Name } : right with { Resource = "users", Name = name }, null, cancellationToken);
        foreach (string group in groups)
        {
            await authorizer.RequireAsync(right with { Resource = "groups", Name = group }, null, cancellationToken);
        }

        foreach ((string key, string value) in extra.SelectMany(e => e.Value.Select(v => (e.Key, v))))
        {
            await authorizer.RequireAsync(right with { Group = "authentication.k8s.io", Resource = "userextras", Subresource = key, Name = value }, null, cancellationToken);
        }

        if (uid.Length > 0)
        {
            await authorizer.RequireAsync(right with { Group = "authentication.k8s.io", Resource = "uids", Name = uid }, null, cancellationToken);
        }

        // 2. The groups that such a user would have had.
        var all = new List<string>(groups.Length == 0 && account is { } sa ? ServiceAccountName.Groups(sa.Namespace) : groups);
        string implied = name == UserGroups.Anonymous ? UserGroups.Unauthenticated : UserGroups.Authenticated;
        if (!all.Contains(UserGroups.Authenticated) && !all.Contains(UserGroups.Unauthenticated))
        {
            all.Add(implied);
        }

        log.Impersonates(user.Name, name, request.Cluster.ToString());
        var other = new UserInfo { Name = name, Uid = uid, Groups = all, Extra = extra, Scope = new ClusterScope(request.Cluster) };
        trail?.Impersonated(other);
        return other;
    }

    /// <summary>Almost no request does: it is let through after one look.</summary>
    private static bool AsksForAny(IHeaderDictionary headers)
    {
        foreach ((string name, _) in headers)
        {
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static string[] Values(StringValues values) => [.. values.OfType<string>()];

    /// <summary>Go's <c>%#v</c> of the identity: upstream's message shows it so.</summary>
    private static string Describe(string uid, string[] groups, SortedDictionary<string, IReadOnlyList<string>> extra)
    {
        string groupText = groups.Length == 0 ? "[]string(nil)" : $"[]string{{{string.Join(", ", groups.Select(g => $"\"{g}\""))}}}";
        string extraText = extra.Count == 0 ? "map[string][]string(nil)"
            : $"map[string][]string{{{string.Join(", ", extra.Select(e => $"\"{e.Key}\":[]string{{{string.Join(", ", e.Value.Select(v => $"\"{v}\""))}}}"))}}}";
        return $"&user.DefaultInfo{{Name:\"\", UID:\"{uid}\", Groups:{groupText}, Extra:{extraText}}}";
    }
}
