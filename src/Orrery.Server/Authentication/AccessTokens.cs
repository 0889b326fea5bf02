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

    internal string IssueForServiceAccount(ClusterScope scope, KubeObject account, IReadOnlyList<string> audiences, IReadOnlyList<BoundObject> bound, DateTimeOffset expires)
    {
        JsonObject claims = Claims(issuers.For(scope.Cluster), ServiceAccountName.User(account.Namespace, account.Name), audiences, scope, expires);
        var kubernetes = new JsonObject { ["namespace"] = account.Namespace };
        foreach (BoundObject to in bound)
        {
            var named = new JsonObject { ["name"] = to.Name };
            if (to.Uid.Length > 0)
            {
                named["uid"] = to.Uid;
            }

            kubernetes[to.Claim] = named;
        }

        kubernetes["serviceaccount"] = new JsonObject { ["name"] = account.Name, ["uid"] = account.Uid };
        claims[KubernetesClaim] = kubernetes;
        return JsonWebToken.Sign(keys, claims);
    }

    /// <summary>A token without an end, for a Secret that is to hold it: see <see cref="LegacyToken"/>.</summary>
    internal string IssueForSecret(ClusterScope scope, KubeObject account, string secret)
    {
        JsonObject claims = Scoped(scope);
        claims["iss"] = LegacyToken.Issuer;
        claims[LegacyToken.NamespaceClaim] = account.Namespace;
        claims[LegacyToken.SecretClaim] = secret;
        claims[LegacyToken.NameClaim] = account.Name;
        claims[LegacyToken.UidClaim] = account.Uid;
        claims["sub"] = ServiceAccountName.User(account.Namespace, account.Name);
        return JsonWebToken.Sign(keys, claims);
    }

    private JsonObject Claims(string issuer, string subject, IReadOnlyList<string> audiences, ClusterScope scope, DateTimeOffset expires)
    {
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        JsonObject claims = Scoped(scope);
        claims["aud"] = new JsonArray([.. audiences.Select(a => (JsonNode)a)]);
        claims["exp"] = expires.ToUnixTimeSeconds();
        claims["iat"] = now;
        claims["iss"] = issuer;
        claims["jti"] = Guid.NewGuid().ToString();
        claims["nbf"] = now;
        claims["sub"] = subject;
        return claims;
    }

    /// <summary>The claims that say where a token is good.</summary>
    private static JsonObject Scoped(ClusterScope scope)
    {
        if (scope.IsAll)
        {
            throw new ArgumentException("a token is for one cluster", nameof(scope));
        }

        scope.RequireIssuable();
        var claims = new JsonObject { [ClusterClaim] = scope.Cluster.ToString() };
        if (scope.Uid is not null)
        {
            claims[ClusterUidClaim] = scope.Uid;
        }

        return claims;
    }
}

/// <summary>The object whose life a token shares, or the node that its pod runs on.</summary>
/// <param name="Claim"><c>pod</c>, <c>secret</c> or <c>node</c>.</param>
/// <param name="Uid">Empty: a pod's node that nobody knows.</param>
internal sealed record BoundObject(string Claim, string Name, string Uid);
