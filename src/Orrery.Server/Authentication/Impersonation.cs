using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Orrery.Api;
using Orrery.Server.Audit;
using Orrery.Server.Authorization;
using Orrery.Server.Requests;

namespace Orrery.Server.Authentication;

/// <summary>
/// Lets a user who may <c>impersonate</c>, or may do so for what is asked, act as another in the same cluster. Rules of apiserver
/// <c>pkg/endpoints/filters/impersonation</c>.
/// </summary>
internal sealed class Impersonation(IAuthorizer authorizer, ILogger<Impersonation> log)
{
    private const string Prefix = "Impersonate-";

    /// <summary>Of so many users it is remembered how they were let through: a name and a word each.</summary>
    private const int Kept = 10_000;

    private static readonly string[] ExtraPrefixes = ["Impersonate-Extra-"];

    private readonly ConcurrentDictionary<(ClusterName, string), ImpersonationMode> remembered = new();

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

        var wanted = new UserInfo { Name = name, Uid = uid, Groups = groups, Extra = extra, Scope = new ClusterScope(request.Cluster) };
        return await ByModesAsync(AuthorizationAttributes.From(user, request), wanted, trail, cancellationToken);
    }

    /// <summary>Each way in which it may be allowed, beginning with the one that let the user through before: then what it costs is what that costs.</summary>
    /// <exception cref="StatusException">403: what the first way said that might have allowed it.</exception>
    private async ValueTask<UserInfo> ByModesAsync(AuthorizationAttributes asked, UserInfo wanted, AuditTrail? trail, CancellationToken cancellationToken)
    {
        StatusException? first = null;
        (ClusterName, string) by = (asked.Cluster, asked.User.Name);
        ImpersonationMode? before = remembered.GetValueOrDefault(by);
        foreach (ImpersonationMode mode in before is null ? ImpersonationMode.All : [before, .. ImpersonationMode.All.Where(m => m != before)])
        {
            if (!mode.Applies(wanted, asked.User))
            {
                continue;
            }

            if (await mode.RefusalAsync(authorizer, asked, wanted, cancellationToken) is { } refused)
            {
                first ??= refused;
                continue;
            }

            if (mode != before)
            {
                Remember(by, mode);
            }

            UserInfo other = mode.Complete(wanted);
            log.Impersonates(asked.User.Name, other.Name, asked.Cluster.ToString());
            trail?.Impersonated(other, mode.Name is null ? null : mode.Verb);
            return other;
        }

        throw first!;
    }

    private void Remember((ClusterName, string) by, ImpersonationMode mode)
    {
        if (remembered.Count >= Kept)
        {
            remembered.Clear();
        }

        remembered[by] = mode;
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
