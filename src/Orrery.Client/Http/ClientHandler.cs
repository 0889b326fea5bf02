using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Orrery.Client;

/// <summary>Builds the one connection pool of a client: TLS as its configuration says, HTTP/2 with as many connections as streams need.</summary>
public static class ClientHandler
{
    /// <summary>A connection that answers no ping for this long after a quiet spell is dead; its watches then resume elsewhere.</summary>
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(15);

    /// <summary>
    /// What may be on the way of one answer: 20 MiB a second at 200 ms there and back. The program turns off that it is found by trial, for that takes a ping and its answer for most of what comes in:
    /// a fifth of what a satellite's heartbeats cost whoever hears thousands.
    /// </summary>
    private const int StreamWindow = 4 * 1024 * 1024;

    /// <summary>TCP_USER_TIMEOUT of tcp(7), in milliseconds (RFC 5482).</summary>
    private const int TcpLevel = 6, UserTimeout = 18;

    /// <param name="opened">Learns of the sockets of the pool; null where nobody asks.</param>
    public static SocketsHttpHandler Create(ClientConfig config, OpenSockets? opened = null)
    {
        var handler = new SocketsHttpHandler
        {
            // A watch takes a stream of its own for minutes; servers allow about 100 streams a connection.
            EnableMultipleHttp2Connections = true,
            InitialHttp2StreamWindowSize = StreamWindow,
            ConnectTimeout = config.ConnectTimeout,
            KeepAlivePingDelay = config.PingAfter,
            KeepAlivePingTimeout = PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = config.Proxy is not null,
            Proxy = config.Proxy,
            ConnectCallback = async (context, cancellationToken) =>
            {
                Socket socket = await AddressRace.System.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken).ConfigureAwait(false);
                if (config.AckTimeout is { } limit && OperatingSystem.IsLinux())
                {
                    socket.SetRawSocketOption(TcpLevel, UserTimeout, BitConverter.GetBytes((int)limit.TotalMilliseconds));
                }

                return new NetworkStream(opened?.Add(socket) ?? socket, ownsSocket: true);
            },
        };
        SslClientAuthenticationOptions tls = handler.SslOptions;
        if (config.ClientCertificate is { } certificate)
        {
            tls.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        }

        if (config.InsecureSkipTlsVerify)
        {
            tls.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        }
        else if (config.TlsServerName is { } name)
        {
            // The handler puts the address's host in place of any other target that it is told.
            tls.RemoteCertificateValidationCallback = (_, shown, _, faults) =>
                faults is SslPolicyErrors.None or SslPolicyErrors.RemoteCertificateNameMismatch
                && shown is X509Certificate2 certificate && certificate.MatchesHostname(name, allowWildcards: true, allowCommonName: false);
        }

        if (!config.InsecureSkipTlsVerify && config.Ca is { } ca)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(ca);
        }

        return handler;
    }
}
