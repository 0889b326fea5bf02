using System.Net.Security;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Orrery.Server.Transport;

/// <summary>
/// Lets connections that carry nothing hold no memory for records: OpenSSL keeps a block of 17 KiB to read into and one to write from for as long as a connection lasts, unless it is asked to let
/// go of them between records; and what both sides' words of the handshake passed through stays as large as they were. The framework has no setting for that, so it is asked directly. Where that is not
/// possible (another runtime, another library) the blocks are kept, and nothing else differs.
/// </summary>
internal static partial class IdleRecords
{
    /// <summary><c>SSL_CTRL_MODE</c>, by which modes are added, and all of them told.</summary>
    private const int Mode = 33;

    /// <summary><c>SSL_MODE_RELEASE_BUFFERS</c>.</summary>
    private const int ReleaseBuffers = 0x10;

    /// <summary><c>BIO_CTRL_PENDING</c>: bytes that wait in it.</summary>
    private const int Pending = 10;

    /// <summary><c>BIO_C_SET_BUF_MEM</c>, which lets go of the memory before, and <c>BIO_C_GET_BUF_MEM_PTR</c>.</summary>
    private const int SetMemory = 114, GetMemory = 115;

    /// <summary><c>BIO_CLOSE</c>: the memory is its own.</summary>
    private const int Own = 1;

    /// <summary><c>BIO_TYPE_MEM</c>: what passes through it is in memory.</summary>
    private const int InMemory = 0x401;

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

    /// <param name="tls">Its handshake is done, and nobody reads or writes.</param>
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
            nint handle = session.DangerousGetHandle();
            Empty(ReadSide(handle));
            Empty(WriteSide(handle));
            return (Control(handle, Mode, ReleaseBuffers, 0) & ReleaseBuffers) != 0;
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

    /// <summary>Bytes of memory that what passes between a session and its stream takes, in both directions. For tests.</summary>
    internal static unsafe long PassageOf(SslStream tls)
    {
        var session = (SafeHandle)Context!.GetValue(tls)!;
        long bytes = 0;
        foreach (nint side in (nint[])[ReadSide(session.DangerousGetHandle()), WriteSide(session.DangerousGetHandle())])
        {
            // Its length, where it is, and how much there is of it.
            nint* memory = null;
            BioControl(side, GetMemory, 0, (nint)(&memory));
            bytes += memory[2];
        }

        GC.KeepAlive(session);
        return bytes;
    }

    /// <summary>What came through the handshake was taken; what comes later makes itself as much room as it takes.</summary>
    private static void Empty(nint side)
    {
        if (side == 0 || BioKind(side) != InMemory || BioControl(side, Pending, 0, 0) != 0)
        {
            return;
        }

        nint memory = NewMemory();
        if (memory != 0)
        {
            BioControl(side, SetMemory, Own, memory);
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

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_get_rbio")]
    private static partial nint ReadSide(nint session);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_get_wbio")]
    private static partial nint WriteSide(nint session);

    [LibraryImport("libcrypto.so.3", EntryPoint = "BIO_ctrl")]
    private static partial nint BioControl(nint side, int command, nint value, nint more);

    [LibraryImport("libcrypto.so.3", EntryPoint = "BIO_method_type")]
    private static partial int BioKind(nint side);

    [LibraryImport("libcrypto.so.3", EntryPoint = "BUF_MEM_new")]
    private static partial nint NewMemory();
}
