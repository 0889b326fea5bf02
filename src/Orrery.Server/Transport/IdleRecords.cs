using System.Net.Security;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Orrery.Server.Transport;

/// <summary>
/// Lets connections that carry nothing hold no memory for records: OpenSSL keeps a block of 17 KiB to read into and one to write from for as long as a connection lasts, unless it is asked to let
/// go of them between records. The framework has no setting for that, so it is asked directly (<see cref="OpenSslSession"/>). Where that is not possible the blocks are kept, and nothing else differs.
/// </summary>
internal static partial class IdleRecords
{
    /// <summary><c>SSL_CTRL_MODE</c>, by which modes are added, and all of them told.</summary>
    private const int Mode = 33;

    /// <summary><c>SSL_MODE_RELEASE_BUFFERS</c>.</summary>
    private const int ReleaseBuffers = 0x10;

    /// <summary>Behind the TLS layer.</summary>
    public static ConnectionDelegate After(ConnectionDelegate next) => connection =>
    {
        if (connection.Features.Get<ISslStreamFeature>()?.SslStream is { } tls)
        {
            _ = TryRelease(tls);
        }

        return next(connection);
    };

    /// <param name="tls">Its handshake is done.</param>
    /// <returns>Whether it holds no blocks between records from now on.</returns>
    public static bool TryRelease(SslStream tls) => OpenSslSession.TryUse(tls, static session => (Control(session, Mode, ReleaseBuffers, 0) & ReleaseBuffers) != 0);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_ctrl")]
    private static partial nint Control(nint session, int command, nint value, nint more);
}
