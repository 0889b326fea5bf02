using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Orrery.Server.Transport.Sockets;

/// <summary>What tells of many sockets which of them are ready (<c>epoll(7)</c>), each time that one becomes so. Linux alone has it.</summary>
internal sealed partial class Epoll
{
    /// <summary><c>EPOLLIN</c>: there is something to read, or the end.</summary>
    public const uint Readable = 0x1;

    /// <summary><c>EPOLLOUT</c>.</summary>
    public const uint Writable = 0x4;

    /// <summary><c>EPOLLERR</c>, <c>EPOLLHUP</c> and <c>EPOLLRDHUP</c>: whoever reads on learns which.</summary>
    public const uint Ended = 0x8 | 0x10 | 0x2000;

    /// <summary><c>EPOLLET</c>: told once, when it becomes so.</summary>
    private const uint Edge = 1u << 31;

    private const int CloseOnExec = 0x80000;
    private const int Add = 1, Delete = 2;
    private const int Interrupted = 4;

    /// <summary>On x86-64 the structure is packed, as the 32-bit kernel has it; elsewhere its second half is aligned.</summary>
    private static readonly int DataAt = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int Size = DataAt + 8;

    private readonly SafeFileHandle set;
    private readonly byte[] told;

    /// <param name="most">So many are told at a time.</param>
    /// <exception cref="Win32Exception">The system refuses.</exception>
    public Epoll(int most)
    {
        set = Create(CloseOnExec);
        if (set.IsInvalid)
        {
            throw new Win32Exception();
        }

        told = GC.AllocateArray<byte>(most * Size, pinned: true);
    }

    /// <param name="key">By which it is told.</param>
    /// <exception cref="Win32Exception">The system refuses: too many are watched by this user (<c>fs.epoll.max_user_watches</c>), or it has no memory.</exception>
    public void Watch(SafeHandle socket, int key)
    {
        Span<byte> wanted = stackalloc byte[16];
        MemoryMarshal.Write(wanted, Readable | Writable | Ended | Edge);
        MemoryMarshal.Write(wanted[DataAt..], (long)key);
        if (Control(set, Add, socket, ref MemoryMarshal.GetReference(wanted)) < 0)
        {
            throw new Win32Exception();
        }
    }

    /// <summary>No more of it, if it is watched. One that is closed is forgotten anyway.</summary>
    public void Forget(SafeHandle socket)
    {
        Span<byte> unused = stackalloc byte[16];
        _ = Control(set, Delete, socket, ref MemoryMarshal.GetReference(unused));
    }

    /// <summary>Waits until one of them is ready.</summary>
    /// <param name="forever">Otherwise it tells those that are ready now.</param>
    /// <returns>How many are told.</returns>
    /// <exception cref="Win32Exception">Never, as long as this object is used as it is meant to.</exception>
    public int Wait(bool forever)
    {
        int count = Wait(set, ref MemoryMarshal.GetArrayDataReference(told), told.Length / Size, forever ? -1 : 0);
        if (count >= 0)
        {
            return count;
        }

        return Marshal.GetLastPInvokeError() == Interrupted ? 0 : throw new Win32Exception();
    }

    /// <summary>One of those that were told.</summary>
    public (int Key, uint Events) Told(int index)
    {
        ReadOnlySpan<byte> entry = told.AsSpan(index * Size, Size);
        return ((int)MemoryMarshal.Read<long>(entry[DataAt..]), MemoryMarshal.Read<uint>(entry));
    }

    /// <summary>Lets the thread sleep.</summary>
    public static void Sleep(TimeSpan time) => _ = Poll(0, 0, (int)time.TotalMilliseconds);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial SafeFileHandle Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle set, int operation, SafeHandle socket, ref byte wanted);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int Wait(SafeFileHandle set, ref byte told, int most, int milliseconds);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(nint sockets, nuint count, int milliseconds);
}
