using System.Security.Cryptography.X509Certificates;

namespace Orrery.Client;

/// <summary>How to reach one Kubernetes API and who to be there. Immutable; may be shared by many clients.</summary>
/// <param name="Server">Base address. A path is kept as a prefix of every request, such as <c>https://host:6443/clusters/acme/shop</c>.</param>
/// <param name="Ca">The only authorities trusted to sign the server's certificate; null trusts the machine's own.</param>
/// <param name="ClientCertificate">Certificate with private key presented to the server; null presents none.</param>
/// <param name="BearerToken">Sent as <c>Authorization: Bearer</c>; null sends none.</param>
public sealed record ClientConfig(
    Uri Server,
    X509Certificate2Collection? Ca = null,
    X509Certificate2? ClientCertificate = null,
    string? BearerToken = null)
{
    /// <summary>Asked before each request for a token that changes over time (token file, exec plugin); wins over <see cref="BearerToken"/>.</summary>
    public Func<CancellationToken, ValueTask<string?>>? TokenSource { get; init; }

    /// <summary>
    /// Told that the server did not take the credential (401), which is then asked for anew by <see cref="TokenSource"/>: it was rotated, or revoked. Null where there is but one.
    /// </summary>
    public Action? CredentialRefused { get; init; }

    /// <summary>As whom to act by the right to impersonate: headers of each request. Empty acts as oneself.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Impersonation { get; init; } = [];

    /// <summary>
    /// Asked before each request, after <see cref="TokenSource"/>, for a certificate and authorities that change over time; wins over <see cref="ClientCertificate"/> and
    /// <see cref="Ca"/>. Where the answer is another instance than before, requests go over new connections; what is under way ends on the old.
    /// </summary>
    public Func<TlsIdentity>? TlsSource { get; init; }

    /// <summary>Accepts any server certificate. Only ever set by a kubeconfig that says so.</summary>
    public bool InsecureSkipTlsVerify { get; init; }

    /// <summary>Name expected in the server's certificate; null takes it from <see cref="Server"/>, of which the host is sent as SNI in any case.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>Namespace of the kubeconfig context; <c>default</c> when unsaid.</summary>
    public string DefaultNamespace { get; init; } = "default";

    /// <summary>Product in the <c>User-Agent</c> header. Its part before the slash is the server's default field manager.</summary>
    public string UserAgent { get; init; } = "orrery/0.1.0";

    /// <summary>
    /// Asked right before each request that may change something; false: it does not leave this process, and the caller gets an
    /// <see cref="RequestWithheldException"/>. For one that may act only while it leads, or is let in at all. Null lets everything pass.
    /// </summary>
    public Func<bool>? MayChange { get; init; }

    /// <summary>Makes what carries the requests; null: connections of this machine's network. For a network that exists in memory only.</summary>
    public Func<HttpMessageHandler>? Carrier { get; init; }

    /// <summary>Through which proxy the server is reached; null dials it directly, whatever the environment says.</summary>
    public ForwardProxy? Proxy { get; init; }

    /// <summary>How long a TCP and TLS connection may take to open.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After how long a silence of the server, while anything is asked of it, it is asked whether it lives; it has 15 seconds to answer.</summary>
    public TimeSpan PingAfter { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// For how long the machine of the other side (or a proxy's) may leave unacknowledged what was sent, or keep its window shut, until the connection counts as broken: sooner than by
    /// <see cref="PingAfter"/> where something is sent anyway, and without a word more. Null leaves it to the system, which tries for a quarter of an hour. Where the system knows no such thing it changes nothing.
    /// </summary>
    public TimeSpan? AckTimeout { get; init; }

    /// <summary>How long a request that is not a watch or another stream may take, retries not included.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>This configuration with what <see cref="TlsSource"/> says now.</summary>
    public ClientConfig Now => TlsSource?.Invoke() is { } tls ? this with { ClientCertificate = tls.Certificate, Ca = tls.Ca } : this;
}

/// <summary>Who one is on a TLS connection, and whom one trusts there.</summary>
/// <param name="Certificate">With its private key; null shows none.</param>
/// <param name="Ca">The only authorities trusted to sign the server's certificate; null trusts the machine's own.</param>
public sealed record TlsIdentity(X509Certificate2? Certificate, X509Certificate2Collection? Ca);
