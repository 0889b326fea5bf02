using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Security;

namespace Orrery.Server.Authentication;

/// <summary>Issues the server's own bearer tokens: for service accounts, and for people who administer a cluster.</summary>
public sealed class AccessTokens(ServiceAccountKeys keys, TimeProvider time, TokenIssuers? issuers = null)
{
    /// <summary>The server's own name: issuer of tokens for people, and unless told otherwise of all others, and the audience of a token that names none.</summary>
    public const string Issuer = "https://kubernetes.default.svc";

    internal const string ClusterClaim = "orrery.dev/cluster";
    internal const string ClusterUidClaim = "orrery.dev/cluster-uid";
    internal const string GroupsClaim = "orrery.dev/groups";
    internal const string KubernetesClaim = "kubernetes.io";

    private readonly TokenIssuers issuers = issuers ?? TokenIssuers.Default;

    /// <summary>A token for a person or a tool.</summary>
    /// <param name="scope">Root or one virtual cluster with its uid: tokens for every cluster do not exist.</param>
    public string IssueForUser(string user, IReadOnlyList<string> groups, ClusterScope scope, TimeSpan lifetime)
    {
        JsonObject claims = Claims(Issuer, user, issuers.Audiences, scope, time.GetUtcNow() + lifetime);
        claims[GroupsClaim] = new JsonArray([.. groups.Select(g => (JsonNode)g)]);
        return JsonWebToken.Sign(keys, claims);
    }

    internal string IssueForServiceAccount(ClusterScope scope, KubeObject account, IReadOnlyList<string> audiences, BoundObject? bound, DateTimeOffset expires)
    {
        JsonObject claims = Claims(issuers.For(scope.Cluster), ServiceAccountName.User(account.Namespace, account.Name), audiences, scope, expires);
        var kubernetes = new JsonObject { ["namespace"] = account.Namespace };
        if (bound is not null)
        {
            kubernetes[bound.Claim] = new JsonObject { ["name"] = bound.Name, ["uid"] = bound.Uid };
        }

        kubernetes["serviceaccount"] = new JsonObject { ["name"] = account.Name, ["uid"] = account.Uid };
        claims[KubernetesClaim] = kubernetes;
        return JsonWebToken.Sign(keys, claims);
    }

    private JsonObject Claims(string issuer, string subject, IReadOnlyList<string> audiences, ClusterScope scope, DateTimeOffset expires)
    {
        if (scope.IsAll)
        {
            throw new ArgumentException("a token is for one cluster", nameof(scope));
        }

        scope.RequireIssuable();
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["aud"] = new JsonArray([.. audiences.Select(a => (JsonNode)a)]),
            ["exp"] = expires.ToUnixTimeSeconds(),
            ["iat"] = now,
            ["iss"] = issuer,
            ["jti"] = Guid.NewGuid().ToString(),
            ["nbf"] = now,
            ["sub"] = subject,
            [ClusterClaim] = scope.Cluster.ToString(),
        };
        if (scope.Uid is not null)
        {
            claims[ClusterUidClaim] = scope.Uid;
        }

        return claims;
    }
}

/// <summary>The object whose life a token shares.</summary>
/// <param name="Claim"><c>pod</c>, <c>secret</c> or <c>node</c>.</param>
internal sealed record BoundObject(string Claim, string Name, string Uid);
