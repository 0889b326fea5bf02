using System.Net.Security;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Orrery.Server.Transport;

/// <summary>
/// Lets connections that carry nothing hold no memory for records: OpenSSL keeps a block of 17 KiB to read into and one to write from for as long as a connection lasts, unless it is asked to let
/// go of them between records. The framework has no setting for that, so it is asked directly. Where that is not possible (another runtime, another library) the blocks are kept, and nothing else differs.
/// </summary>
internal static partial class IdleRecords
{
    /// <summary><c>SSL_CTRL_MODE</c>, by which modes are added, and all of them told.</summary>
    private const int Mode = 33;

    /// <summary><c>SSL_MODE_RELEASE_BUFFERS</c>.</summary>
    private const int ReleaseBuffers = 0x10;

    /// <summary>Whose functions and constants these are; the runtime itself says which library it has loaded.</summary>
    private const long OldestLibrary = 0x30000000, NextLibrary = 0x40000000;

    /// <summary>What the runtime calls a handle that is OpenSSL's own.</summary>
    private const string Session = "SafeSslHandle";

    private static readonly FieldInfo? Context = Find();

    /// <summary>Whether this machine has the library, and this build of the framework the inside, that are known.</summary>
    public static bool IsPossible => Context is not null;

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
    public static bool TryRelease(SslStream tls)
    {
        if (Context?.GetValue(tls) is not SafeHandle { IsInvalid: false } session || session.GetType().Name != Session)
        {
            return false;
        }

        bool isHeld = false;
        try
        {
            session.DangerousAddRef(ref isHeld);
            return (Control(session.DangerousGetHandle(), Mode, ReleaseBuffers, 0) & ReleaseBuffers) != 0;
        }
        catch (Exception e) when (e is ObjectDisposedException or DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
        finally
        {
            if (isHeld)
            {
                session.DangerousRelease();
            }
        }
    }

    /// <summary>The session of OpenSSL within a stream; null where it is anything but what it is known to be.</summary>
    private static FieldInfo? Find()
    {
        if (!OperatingSystem.IsLinux() || SafeEvpPKeyHandle.OpenSslVersion is < OldestLibrary or >= NextLibrary)
        {
            return null;
        }

        return typeof(SslStream).GetField("_securityContext", BindingFlags.Instance | BindingFlags.NonPublic);
    }

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_ctrl")]
    private static partial nint Control(nint session, int command, nint value, nint more);
}
