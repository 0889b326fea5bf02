using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Orrery.Storage.Etcd;

/// <summary>
/// Why no connection comes about at an address where somebody listens, by connections of its own: whether it would be reached the other way, by https in place of http or the reverse; and what the member says
/// of a client certificate, which it does after the handshake, so that who has sent something meanwhile sees a closed connection and nothing else.
/// </summary>
internal static class EtcdProbe
{
    /// <summary>The length of a frame's head in HTTP/2; what follows the length in it is its type.</summary>
    private const int FrameHead = 9, TypeAt = 3, Settings = 4;

    /// <summary>What every connection begins with, and settings of which there are none. Source: RFC 9113, 3.4.</summary>
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8;

    /// <param name="tls">As the connections are made that do not come about.</param>
    /// <param name="patience">For each of the connections.</param>
    /// <returns>Null where nothing was found.</returns>
    public static async Task<(EtcdObstacle Obstacle, string Words)?> LookAsync(Uri address, SslClientAuthenticationOptions tls, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        Task<T?> Try<T>(Func<NetworkStream, CancellationToken, Task<T?>> look) => TryAsync(address, look, patience, time, cancellationToken);
        tls.TargetHost = address.DnsSafeHost;
        if (address.Scheme == Uri.UriSchemeHttps)
        {
            return await Try((stream, ct) => RefusalAsync(stream, tls, ct)).ConfigureAwait(false)
                ?? (await Try<bool?>(async (stream, ct) => await SpeaksPlainlyAsync(stream, ct).ConfigureAwait(false)).ConfigureAwait(false) == true ? (EtcdObstacle.Plain, "it speaks no TLS") : null);
        }

        // Nothing is sent to whoever answers: it need not be trusted.
        tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        return await Try<bool?>((stream, ct) => SpeaksTlsAsync(stream, tls, ct)).ConfigureAwait(false) == true ? (EtcdObstacle.Tls, "it speaks TLS") : null;
    }

    private static async Task<T?> TryAsync<T>(Uri address, Func<NetworkStream, CancellationToken, Task<T?>> look, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(address.DnsSafeHost, address.Port, either.Token).ConfigureAwait(false);
            return await look(socket.GetStream(), either.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is IOException or SocketException or AuthenticationException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return default;
        }
    }

    /// <summary>What the member says of the connection once it stands, where that is not what it says to everybody whom it lets in.</summary>
    private static async Task<(EtcdObstacle Obstacle, string Words)?> RefusalAsync(NetworkStream stream, SslClientAuthenticationOptions options, CancellationToken cancellationToken)
    {
        await using var tls = new SslStream(stream, leaveInnerStreamOpen: true);
        await tls.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
        try
        {
            _ = await tls.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (IOException refused)
        {
            return TlsFault.Read(refused) is ({ } obstacle, var words) ? (obstacle, words) : null;
        }
    }

    private static async Task<bool> SpeaksPlainlyAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(Preface.ToArray(), cancellationToken).ConfigureAwait(false);
        byte[] head = new byte[FrameHead];
        return await stream.ReadAtLeastAsync(head, FrameHead, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) == FrameHead && head[TypeAt] == Settings;
    }

    private static async Task<bool?> SpeaksTlsAsync(NetworkStream stream, SslClientAuthenticationOptions options, CancellationToken cancellationToken)
    {
        await using var tls = new SslStream(stream, leaveInnerStreamOpen: true);
        await tls.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
        return true;
    }
}
