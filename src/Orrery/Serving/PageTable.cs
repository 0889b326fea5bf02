using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Orrery.Serving;

/// <summary>
/// Which pages of this process are in memory, and whether they are their file's: a number of 64 bits each in <c>/proc/self/pagemap</c> (Linux: Documentation/admin-guide/mm/pagemap.rst).
/// A look at <c>/proc/self/smaps</c> says so too, but passes by all memory of the process, of which files are a small part.
/// </summary>
internal sealed class PageTable
{
    public const string Path = "/proc/self/pagemap";

    private const ulong Present = 1UL << 63;
    private const ulong SwappedOut = 1UL << 62;
    private const ulong OfFile = 1UL << 61;

    private readonly ulong[] entries = new ulong[1024];

    /// <returns>Bytes of it in memory; -1 where one page differs from its file, or may: it was written to while its program was loaded (a library's addresses, say), and to give it back would lose that.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public long Resident(SafeFileHandle table, FileMapping mapping)
    {
        long pageSize = Environment.SystemPageSize;
        long at = (long)mapping.Start / pageSize * sizeof(ulong);
        long end = (long)mapping.End / pageSize * sizeof(ulong);
        long resident = 0;
        while (at < end)
        {
            Span<byte> buffer = MemoryMarshal.AsBytes(entries.AsSpan());
            int read = RandomAccess.Read(table, buffer[..(int)Math.Min(buffer.Length, end - at)], at);
            int pages = Pages(entries.AsSpan(0, read / sizeof(ulong)));
            if (read == 0 || pages < 0)
            {
                return -1;
            }

            resident += pages * pageSize;
            at += read;
        }

        return resident;
    }

    /// <returns>Pages in memory; -1 where one of them, or one that was swapped out, is not its file's.</returns>
    internal static int Pages(ReadOnlySpan<ulong> entries)
    {
        int present = 0;
        foreach (ulong entry in entries)
        {
            if ((entry & SwappedOut) != 0 || (entry & (Present | OfFile)) == Present)
            {
                return -1;
            }

            present += (int)(entry >> 63);
        }

        return present;
    }
}
