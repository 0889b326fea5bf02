using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Orrery.Server.Authentication.Oidc;

/// <summary>
/// Accepts ID tokens of one OpenID provider on root. Rules of apiserver <c>plugin/pkg/authenticator/token/oidc</c>; beyond
/// them, a provider never gives a name or a group that begins with <c>system:</c>.
/// </summary>
internal sealed class OidcAuthenticator(OidcOptions options, TimeProvider time, ILogger<OidcAuthenticator> log) : IDisposable
{
    /// <summary>Clocks differ: how early a token may come.</summary>
    private const int LeewaySeconds = 300;

    private readonly ProviderKeys keys = new(options, time, log);

    /// <summary>Whether a token says that it is of this provider; says nothing about its truth.</summary>
    public bool Concerns(JsonWebToken token) => JsonWebToken.Text(token.Claims, "iss") == options.Issuer;

    /// <summary>Null when the token is not to be believed.</summary>
    public async ValueTask<UserInfo?> AuthenticateAsync(JsonWebToken token, CancellationToken cancellationToken)
    {
        // 1. Signed by a key that the provider publishes now.
        if (!options.SigningAlgorithms.Contains(token.Algorithm))
        {
            return Refuse("its algorithm is not one of --oidc-signing-algs");
        }

        bool isSigned = (await keys.FindAsync(token.KeyId, cancellationToken)).Any(key => key.Verify(token.Algorithm, token.Signed, token.Signature));
        if (!isSigned)
        {
            return Refuse("not signed by a key of the provider");
        }

        // 2. Meant for us, now.
        JsonElement claims = token.Claims;
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        if (!JsonWebToken.Texts(claims, "aud").Contains(options.ClientId))
        {
            return Refuse("meant for another client");
        }

        if (JsonWebToken.Seconds(claims, "exp") is not { } expires || now >= expires || now + LeewaySeconds < (JsonWebToken.Seconds(claims, "nbf") ?? 0))
        {
            return Refuse("expired or not yet valid");
        }

        if (options.RequiredClaims.Any(required => JsonWebToken.Text(claims, required.Key) != required.Value))
        {
            return Refuse("a required claim is missing or differs");
        }

        // 3. Who it is.
        return User(claims);
    }

    public void Dispose() => keys.Dispose();

    private UserInfo? User(JsonElement claims)
    {
        if (JsonWebToken.Text(claims, options.UsernameClaim) is not { Length: > 0 } name)
        {
            return Refuse("no username claim");
        }

        bool isEmail = options.UsernameClaim == "email";
        if (isEmail && claims.TryGetProperty("email_verified", out JsonElement verified) && verified.ValueKind != JsonValueKind.True)
        {
            return Refuse("the email is not verified");
        }

        name = (options.UsernamePrefix ?? (isEmail ? "" : options.Issuer + "#")) + name;
        if (name.StartsWith("system:", StringComparison.Ordinal))
        {
            return Refuse("its name begins with system:");
        }

        IReadOnlyList<string> groups = options.GroupsClaim is { } claim ? JsonWebToken.Texts(claims, claim) : [];
        return new UserInfo
        {
            Name = name,
            Groups = [.. groups.Select(g => options.GroupsPrefix + g).Where(g => g.Length > 0 && !g.StartsWith("system:", StringComparison.Ordinal)), UserGroups.Authenticated],
            Scope = ClusterScope.Root,
            Extra = JsonWebToken.Text(claims, "jti") is { Length: > 0 } id
                ? new Dictionary<string, IReadOnlyList<string>> { ["authentication.kubernetes.io/credential-id"] = [$"JTI={id}"] }
                : new Dictionary<string, IReadOnlyList<string>>(),
        };
    }

    private UserInfo? Refuse(string problem)
    {
        log.IdTokenRefused(options.Issuer, problem);
        return null;
    }
}
