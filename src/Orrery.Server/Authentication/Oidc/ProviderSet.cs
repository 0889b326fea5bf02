using Microsoft.Extensions.Logging;

namespace Orrery.Server.Authentication.Oidc;

/// <summary>The providers of one cluster, ready to be asked. Immutable.</summary>
internal sealed class ProviderSet : IDisposable
{
    public static readonly ProviderSet None = new([]);

    private readonly IReadOnlyList<OidcAuthenticator> authenticators;

    private ProviderSet(IReadOnlyList<OidcAuthenticator> authenticators)
    {
        this.authenticators = authenticators;
    }

    public bool IsEmpty => authenticators.Count == 0;

    /// <summary>The provider that a token says it is of; says nothing about its truth.</summary>
    public OidcAuthenticator? Find(JsonWebToken token)
    {
        string? issuer = JsonWebToken.Text(token.Claims, "iss");
        foreach (OidcAuthenticator authenticator in authenticators)
        {
            if (authenticator.Provider.Issuer == issuer)
            {
                return authenticator;
            }
        }

        return null;
    }

    /// <summary>The set in this one's place: what did not change keeps the keys it knows, what is no more is disposed.</summary>
    public ProviderSet Replace(IReadOnlyList<TokenProvider> providers, ProviderConnection? connect, TimeProvider time, ILogger log)
    {
        OidcAuthenticator[] next = [.. providers.Select(provider =>
            authenticators.FirstOrDefault(a => a.Provider.Source.Length > 0 && a.Provider.Source == provider.Source) ?? new OidcAuthenticator(provider, connect, time, log))];
        foreach (OidcAuthenticator gone in authenticators.Except(next))
        {
            gone.Dispose();
        }

        return new ProviderSet(next);
    }

    public void Dispose()
    {
        foreach (OidcAuthenticator authenticator in authenticators)
        {
            authenticator.Dispose();
        }
    }
}
