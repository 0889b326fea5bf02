using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Authentication.Oidc;
using Orrery.Server.Clusters;
using Orrery.Server.Security;

namespace Orrery.Server.Authentication;

/// <summary>A bearer token that was recognised.</summary>
/// <param name="Audiences">For whom the token is good, of those asked for.</param>
internal sealed record TokenIdentity(UserInfo User, IReadOnlyList<string> Audiences);

/// <summary>Recognises bearer tokens: those of the token file, those of bootstrap Secrets, and those that the server signed.</summary>
internal sealed class TokenAuthenticator(AuthenticationOptions options, TokenProviders providers, LogicalClusters clusters, IClusterObjects objects, TimeProvider time, ILogger<TokenAuthenticator> log)
{
    private const int RememberedSignatures = 10_000;

    private readonly StaticTokens? file = options.StaticTokens is null ? null : StaticTokens.Parse(options.StaticTokens);
    private readonly BootstrapTokens? bootstrap = options.AllowsBootstrapTokens ? new BootstrapTokens(objects, time) : null;
    private readonly ServiceAccountKeys? keys = options.TokenKeys;
    private readonly TokenIssuers issuers = options.Issuers;

    /// <summary>Claims by digest of tokens whose signature was checked: that a signature was right stays true.</summary>
    private readonly ConcurrentDictionary<string, JsonElement> verified = new(StringComparer.Ordinal);

    /// <summary>As <see cref="Authenticate"/>, ID tokens of the OpenID providers of a cluster among them.</summary>
    public async ValueTask<TokenIdentity?> AuthenticateAsync(ClusterName cluster, string token, IReadOnlyList<string> audiences, CancellationToken cancellationToken)
    {
        if (providers.Find(cluster, token, out JsonWebToken? read) is not { } provider || clusters.ScopeOf(cluster) is not { } scope)
        {
            return Authenticate(token, audiences);
        }

        // An ID token names a client, not this server: to let it in is to say that it is good here.
        string[] good = [.. (audiences.Count > 0 ? audiences : issuers.Audiences).Intersect(issuers.Audiences)];
        return good.Length > 0 && await provider.AuthenticateAsync(read!, scope, cancellationToken) is { } user ? new TokenIdentity(user, good) : null;
    }

    /// <summary>Null when the token means nothing here, has expired, or is bound to something that is gone.</summary>
    /// <param name="audiences">The token must be good for at least one of them; empty asks for the API server's own.</param>
    public TokenIdentity? Authenticate(string token, IReadOnlyList<string> audiences)
    {
        IReadOnlyList<string> wanted = audiences.Count > 0 ? audiences : issuers.Audiences;
        if ((file?.Find(token) ?? bootstrap?.Find(token)) is { } user)
        {
            string[] own = [.. wanted.Intersect(issuers.Audiences)];
            return own.Length > 0 ? new TokenIdentity(WithAuthenticated(user), own) : null;
        }

        if (keys is null || Claims(token, keys) is not { } claims)
        {
            return Refuse("not known");
        }

        if ((JsonWebToken.Text(claims, AccessTokens.ClusterClaim) is { } cluster ? ClusterScope.From(cluster, JsonWebToken.Text(claims, AccessTokens.ClusterUidClaim)) : Unsaid(claims)) is not { IsAll: false } scope
            || JsonWebToken.Text(claims, "sub") is not { Length: > 0 } subject)
        {
            return Refuse("incomplete claims");
        }

        if (JsonWebToken.Text(claims, "iss") == LegacyToken.Issuer)
        {
            // Such a token names nobody: it is good at this server alone.
            string[] here = [.. wanted.Intersect(issuers.Audiences)];
            UserInfo? account = LegacyToken.Read(claims, token, scope, objects, (ns, name, uid) => Lives(scope.Cluster, "serviceaccounts", ns, name, uid), out string problem);
            return account is null ? Refuse(problem) : here.Length == 0 ? Refuse("meant for somebody else") : new TokenIdentity(WithAuthenticated(account), here);
        }

        string[] good = [.. JsonWebToken.Texts(claims, "aud").Intersect(wanted)];
        if (!issuers.Accepts(JsonWebToken.Text(claims, "iss"), scope.Cluster) || good.Length == 0)
        {
            return Refuse("meant for somebody else");
        }

        long now = time.GetUtcNow().ToUnixTimeSeconds();

        if (JsonWebToken.Seconds(claims, "exp") is not { } expires || now >= expires || now < (JsonWebToken.Seconds(claims, "nbf") ?? 0))
        {
            return Refuse("expired or not yet valid");
        }

        UserInfo? identity = claims.TryGetProperty(AccessTokens.KubernetesClaim, out JsonElement kubernetes)
            ? ServiceAccount(kubernetes, subject, scope)
            : new UserInfo { Name = subject, Groups = JsonWebToken.Texts(claims, AccessTokens.GroupsClaim), Scope = scope };
        if (identity is null)
        {
            return null;
        }

        identity = identity with
        {
            Extra = new Dictionary<string, IReadOnlyList<string>>(identity.Extra) { ["authentication.kubernetes.io/credential-id"] = [$"JTI={JsonWebToken.Text(claims, "jti")}"] },
        };
        return new TokenIdentity(WithAuthenticated(identity), good);
    }

    /// <summary>A token without the claim: null unless it has none at all and such tokens are accepted.</summary>
    private ClusterScope? Unsaid(JsonElement claims) => claims.TryGetProperty(AccessTokens.ClusterClaim, out _) ? null : options.UnscopedCredentials;

    private static UserInfo WithAuthenticated(UserInfo user) =>
        user.Groups.Contains(UserGroups.Authenticated) ? user : user with { Groups = [.. user.Groups, UserGroups.Authenticated] };

    private UserInfo? ServiceAccount(JsonElement kubernetes, string subject, ClusterScope scope)
    {
        string ns = JsonWebToken.Text(kubernetes, "namespace") ?? "";
        JsonElement account = kubernetes.TryGetProperty("serviceaccount", out JsonElement a) ? a : default;
        string name = JsonWebToken.Text(account, "name") ?? "", uid = JsonWebToken.Text(account, "uid") ?? "";
        if (subject != ServiceAccountName.User(ns, name) || !Lives(scope.Cluster, "serviceaccounts", ns, name, uid))
        {
            Refuse("service account is gone");
            return null;
        }

        var extra = new Dictionary<string, IReadOnlyList<string>>();
        foreach ((string claim, string resource) in new[] { ("pod", "pods"), ("secret", "secrets"), ("node", "nodes") })
        {
            if (!kubernetes.TryGetProperty(claim, out JsonElement bound))
            {
                continue;
            }

            string boundName = JsonWebToken.Text(bound, "name") ?? "", boundUid = JsonWebToken.Text(bound, "uid") ?? "";
            // Of a pod's token the node says where the pod runs: its life is the pod's.
            bool isPlace = claim == "node" && kubernetes.TryGetProperty("pod", out _);
            if (!isPlace && !Lives(scope.Cluster, resource, claim == "node" ? "" : ns, boundName, boundUid))
            {
                Refuse($"{claim} that it is bound to is gone");
                return null;
            }

            if (claim != "secret")
            {
                extra[$"authentication.kubernetes.io/{claim}-name"] = [boundName];
                if (boundUid.Length > 0)
                {
                    extra[$"authentication.kubernetes.io/{claim}-uid"] = [boundUid];
                }
            }
        }

        return new UserInfo { Name = subject, Uid = uid, Groups = ServiceAccountName.Groups(ns), Extra = extra, Scope = scope };
    }

    private bool Lives(ClusterName cluster, string resource, string ns, string name, string uid) =>
        name.Length > 0 && objects.Find(cluster, new GroupResource("", resource), ns, name) is { } live && live.Uid == uid
        && !(live.IsDeleting && DeletedFor(live) > TimeSpan.FromSeconds(60));

    /// <summary>A bound token outlives the end of its object's grace period by a minute, as upstream allows.</summary>
    private TimeSpan DeletedFor(KubeObject live) =>
        DateTimeOffset.TryParse(live.TextAt("metadata", "deletionTimestamp"), System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out DateTimeOffset since)
            ? time.GetUtcNow() - since
            : TimeSpan.Zero;

    private JsonElement? Claims(string token, ServiceAccountKeys known)
    {
        string digest = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (verified.TryGetValue(digest, out JsonElement claims))
        {
            return claims;
        }

        if (JsonWebToken.Verify(known, token) is not { } fresh)
        {
            return null;
        }

        if (verified.Count >= RememberedSignatures)
        {
            verified.Clear();
        }

        verified[digest] = fresh;
        return fresh;
    }

    private TokenIdentity? Refuse(string problem)
    {
        log.TokenRefused(problem);
        return null;
    }
}
