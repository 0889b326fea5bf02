using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Orrery.Server.Authentication.Oidc;

/// <summary>
/// Accepts the ID tokens of one OpenID provider. Rules of apiserver <c>plugin/pkg/authenticator/token/oidc</c>.
/// </summary>
/// <param name="connect">How the provider is reached; null: as the system does, by its proxy if there is one.</param>
internal sealed class OidcAuthenticator(TokenProvider provider, ProviderConnection? connect, TimeProvider time, ILogger log) : IDisposable
{
    /// <summary>Clocks differ: how early a token may come.</summary>
    private const int LeewaySeconds = 300;

    private readonly ProviderKeys keys = new(provider, connect, time, log);
    private readonly ClaimReader reader = new(provider);

    public TokenProvider Provider => provider;

    /// <summary>Null when the token is not to be believed.</summary>
    /// <param name="scope">Where the user is somebody.</param>
    public async ValueTask<UserInfo?> AuthenticateAsync(JsonWebToken token, ClusterScope scope, CancellationToken cancellationToken)
    {
        // 1. Meant for us, now: no provider is asked for keys on account of a token that would be refused anyway.
        JsonElement claims = token.Claims;
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        if (!JsonWebToken.Texts(claims, "aud").Intersect(provider.Audiences).Any())
        {
            return Refuse("meant for another client");
        }

        if (JsonWebToken.Seconds(claims, "exp") is not { } expires || now >= expires || now + LeewaySeconds < (JsonWebToken.Seconds(claims, "nbf") ?? 0))
        {
            return Refuse("expired or not yet valid");
        }

        // 2. Signed by a key that the provider publishes now.
        if (!provider.SigningAlgorithms.Contains(token.Algorithm))
        {
            return Refuse($"its algorithm is not one of {string.Join(", ", provider.SigningAlgorithms)}");
        }

        bool isSigned = (await keys.FindAsync(token.KeyId, cancellationToken)).Any(key => key.Verify(token.Algorithm, token.Signed, token.Signature));
        if (!isSigned)
        {
            return Refuse("not signed by a key of the provider");
        }

        // 3. Who it is.
        return reader.Read(claims, scope, cancellationToken, out string problem) ?? Refuse(problem);
    }

    public void Dispose() => keys.Dispose();

    private UserInfo? Refuse(string problem)
    {
        log.IdTokenRefused(provider.Issuer, problem);
        return null;
    }
}
