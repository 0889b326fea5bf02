using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orrery.Server.Security;

namespace Orrery.Server.Authentication.Oidc;

/// <summary>
/// The keys that a provider publishes, fetched when a token first needs them, again when one names a key that is not among
/// them, and again after an hour. Fetches that tokens cause are at least some seconds apart, whatever they name: nobody can
/// make this server flood a provider.
/// </summary>
internal sealed class ProviderKeys : IDisposable
{
    private const int MaxDocument = 1024 * 1024;

    /// <summary>A token that names no key is tried with all of them: what a provider says must not decide what that costs.</summary>
    private const int MostKeys = 100;
    private static readonly TimeSpan FetchTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenFetches = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly TokenProvider provider;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly HttpClient http;
    private readonly SemaphoreSlim fetching = new(1);
    private IReadOnlyList<SignatureKey> keys = [];
    private DateTimeOffset? fetched;
    private DateTimeOffset? tried;

    public ProviderKeys(TokenProvider provider, ProviderConnection? connect, TimeProvider time, ILogger log)
    {
        this.provider = provider;
        this.time = time;
        this.log = log;
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = connect is null, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5), MaxResponseHeadersLength = 32 };
        if (connect is not null)
        {
            handler.ConnectCallback = (context, cancellationToken) => connect(context.DnsEndPoint, cancellationToken);
        }

        // Where an issuer can be downloaded a certificate says itself, and nobody would ask whether that may be reached.
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (provider.Authorities is { } authorities)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }

        handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };

        http = new HttpClient(handler) { Timeout = FetchTimeout, MaxResponseContentBufferSize = MaxDocument };
    }

    /// <summary>The keys that may have signed a token; none where the provider cannot be asked.</summary>
    /// <param name="keyId">Null where the token names none: all.</param>
    public async ValueTask<IReadOnlyList<SignatureKey>> FindAsync(string? keyId, CancellationToken cancellationToken)
    {
        IReadOnlyList<SignatureKey> found = Matching(keyId);
        if (found.Count > 0 && (time.GetUtcNow() - fetched < Lifetime || !fetching.Wait(0, CancellationToken.None)))
        {
            // Somebody asks for newer ones: with those that are known nobody else need wait for a provider that may be away.
            return found;
        }

        if (found.Count == 0)
        {
            await fetching.WaitAsync(cancellationToken);
        }

        try
        {
            if (tried is not { } last || time.GetUtcNow() - last >= BetweenFetches)
            {
                try
                {
                    keys = await FetchAsync(cancellationToken);
                    fetched = time.GetUtcNow();
                    log.KeysFetched(provider.Issuer, keys.Count);
                }
                finally
                {
                    // From its end: those who waited for it do not each wait as long again.
                    tried = time.GetUtcNow();
                }
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or JsonException or FormatException or InvalidOperationException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The keys that were known stay good: a provider that is away does not lock out those it let in.
            log.KeysNotFetched(provider.Issuer, fault.Message);
        }
        finally
        {
            fetching.Release();
        }

        return Matching(keyId);
    }

    /// <summary>Whoever waits for keys at this moment gets none.</summary>
    public void Dispose() => http.Dispose();

    private IReadOnlyList<SignatureKey> Matching(string? keyId) => keyId is null ? Volatile.Read(ref keys) : [.. Volatile.Read(ref keys).Where(k => k.Id == keyId || k.Id.Length == 0)];

    private async Task<IReadOnlyList<SignatureKey>> FetchAsync(CancellationToken cancellationToken)
    {
        // 1. Discovery: the document must be of the very issuer that tokens name (OpenID Connect Discovery 4.3).
        using JsonDocument about = await ReadAsync(provider.DiscoveryUrl ?? provider.Issuer.TrimEnd('/') + "/.well-known/openid-configuration", cancellationToken);
        if (JsonWebToken.Text(about.RootElement, "issuer") != provider.Issuer)
        {
            throw new FormatException("its discovery document is of another issuer");
        }

        // 2. The keys, over https too.
        if (JsonWebToken.Text(about.RootElement, "jwks_uri") is not { } address || !address.StartsWith("https://", StringComparison.Ordinal))
        {
            throw new FormatException("its discovery document names no https jwks_uri");
        }

        using JsonDocument set = await ReadAsync(address, cancellationToken);
        return set.RootElement.ValueKind == JsonValueKind.Object && set.RootElement.TryGetProperty("keys", out JsonElement list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(SignatureKey.FromJwk).OfType<SignatureKey>().Take(MostKeys)]
            : throw new FormatException("its key set holds no keys");
    }

    private async Task<JsonDocument> ReadAsync(string address, CancellationToken cancellationToken)
    {
        using HttpResponseMessage answer = await http.GetAsync(new Uri(address), cancellationToken);
        answer.EnsureSuccessStatusCode();
        return JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken));
    }
}
