using System.Net.Security;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Orrery.Server.Transport;

/// <summary>
/// OpenSSL's own session (<c>SSL</c>) within a stream of the framework, for what the framework has no setting for. Where it is not what it is known to be (another runtime, another library) it is not used.
/// </summary>
internal static class OpenSslSession
{
    /// <summary>Whose functions and constants are used; the runtime itself says which library it has loaded.</summary>
    private const long OldestLibrary = 0x30000000, NextLibrary = 0x40000000;

    /// <summary>What the runtime calls a handle that is OpenSSL's own.</summary>
    private const string Handle = "SafeSslHandle";

    private static readonly FieldInfo? Context = Find();

    /// <summary>Whether this machine has the library, and this build of the framework the inside, that are known.</summary>
    public static bool IsPossible => Context is not null;

    /// <param name="tls">Its handshake is done.</param>
    /// <param name="use">Gets the session, which lasts as long as this runs; says whether it did what it should.</param>
    /// <returns>What <paramref name="use"/> said; false where there is no session.</returns>
    public static bool TryUse(SslStream tls, Func<nint, bool> use)
    {
        if (Context?.GetValue(tls) is not SafeHandle { IsInvalid: false } session || session.GetType().Name != Handle)
        {
            return false;
        }

        bool isHeld = false;
        try
        {
            session.DangerousAddRef(ref isHeld);
            return use(session.DangerousGetHandle());
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

    /// <returns>Null where it is anything but what it is known to be.</returns>
    private static FieldInfo? Find()
    {
        if (!OperatingSystem.IsLinux() || SafeEvpPKeyHandle.OpenSslVersion is < OldestLibrary or >= NextLibrary)
        {
            return null;
        }

        return typeof(SslStream).GetField("_securityContext", BindingFlags.Instance | BindingFlags.NonPublic);
    }
}
