using System.Net.Security;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Orrery.Server.Transport;

/// <summary>
/// Gives clients no tickets by which to go on with a session (RFC 8446, section 4.6.1). By itself OpenSSL gives each two, and for each writes the session down, reads that again, and with it the client's certificate: a fourth
/// of what it does for a handshake. Most who come back cannot use them: satellites whose server was killed, since its key for tickets went with it, and clients in Go, which keep none; and to go on with a session that has a certificate
/// was not seen to cost less than another. The framework's own switch (<see cref="SslServerAuthenticationOptions.AllowTlsResume"/>) makes the settings that connections share anew for each, so OpenSSL is asked directly
/// (<see cref="OpenSslSession"/>). Where that is not possible tickets are given, and nothing else differs.
/// </summary>
internal static partial class SessionTickets
{
    /// <summary>Behind the TLS layer.</summary>
    public static ConnectionDelegate After(ConnectionDelegate next) => connection =>
    {
        if (connection.Features.Get<ISslStreamFeature>()?.SslStream is { } tls)
        {
            _ = TryStop(tls);
        }

        return next(connection);
    };

    /// <param name="tls">The server's side, whose handshake is done, and which has given its own tickets.</param>
    /// <returns>Whether none are given any more to those who come from now on by the same settings.</returns>
    public static bool TryStop(SslStream tls) => OpenSslSession.TryUse(tls, static session => SetTickets(SettingsOf(session), 0) == 1);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_get_SSL_CTX")]
    private static partial nint SettingsOf(nint session);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_CTX_set_num_tickets")]
    private static partial int SetTickets(nint settings, nint count);
}
