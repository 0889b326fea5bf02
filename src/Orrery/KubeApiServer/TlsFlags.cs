using System.Net.Security;
using System.Security.Authentication;
using Orrery.Commands;

namespace Orrery.KubeApiServer;

/// <summary><c>--tls-min-version</c> and <c>--tls-cipher-suites</c>: what a client must offer at least. Upstream: component-base <c>cli/flag/ciphersuites_flag.go</c>.</summary>
/// <param name="Protocols"><see cref="SslProtocols.None"/> leaves it to the system.</param>
/// <param name="CipherSuites">Null leaves it to the system.</param>
internal sealed record TlsFlags(SslProtocols Protocols, IReadOnlyList<TlsCipherSuite>? CipherSuites)
{
    /// <summary>Those of TLS 1.3 that Go has, which are never a choice there.</summary>
    private static readonly TlsCipherSuite[] Always = [TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256];

    /// <exception cref="CommandFailedException">Names the flag and what it may be.</exception>
    public static TlsFlags Read(FlagValues flags) => new(
        flags.Text("tls-min-version") switch
        {
            null => SslProtocols.None,
            "VersionTLS12" => SslProtocols.Tls12 | SslProtocols.Tls13,
            "VersionTLS13" => SslProtocols.Tls13,
            { } other => throw new CommandFailedException($"--tls-min-version: '{other}' is not offered here, want VersionTLS12 or VersionTLS13"),
        },
        flags.List("tls-cipher-suites") is { Count: > 0 } names ? [.. Always.Union(names.Select(Suite))] : null);

    /// <summary>Two have a name of Go's own beside IANA's.</summary>
    private static TlsCipherSuite Suite(string name) =>
        name.StartsWith("TLS_", StringComparison.Ordinal)
            && Enum.TryParse(name is "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305" or "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305" ? name + "_SHA256" : name, out TlsCipherSuite suite)
            ? suite
            : throw new CommandFailedException($"--tls-cipher-suites: there is no cipher suite '{name}'");
}
