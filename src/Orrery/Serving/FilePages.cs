using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Orrery.Serving;

/// <summary>
/// Pages of program files that this process has mapped. A start touches most of a program once and a tenth of it ever again, but the pages stay resident until the machine runs short. They are
/// copies of what is in the file: given back, what is used again is mapped again, at the price of a fault and without reading the disk as long as the system keeps it cached.
/// Looking allocates nothing: what it left behind would be most of an idle process's garbage.
/// </summary>
internal sealed partial class FilePages
{
    private const string Maps = "/proc/self/maps";
    private const int DontNeed = 4;

    private readonly byte[] buffer = new byte[8 * 1024];
    private readonly PageTable table = new();

    /// <summary>Read-only mappings of files as they were at the last look.</summary>
    private HashSet<FileMapping> known = [];
    private HashSet<FileMapping> present = [];

    /// <summary>
    /// Gives back what was there unchanged at the last call already: a file that is only being loaded is still written to, and what was written would be lost.
    /// </summary>
    /// <returns>Bytes that were resident of what was given back.</returns>
    public long GiveBack()
    {
        long given = 0;
        if (!OperatingSystem.IsLinux() || !File.Exists(PageTable.Path))
        {
            return given;
        }

        using (SafeFileHandle pages = File.OpenHandle(PageTable.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        using (var maps = new FileStream(Maps, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0))
        {
            int held = 0;
            while (maps.Read(buffer.AsSpan(held)) is > 0 and var read)
            {
                held = Rest(buffer.AsSpan(0, held + read), pages, ref given);
            }
        }

        (known, present) = (present, known);
        present.Clear();
        return given;
    }

    /// <summary>Takes all whole lines.</summary>
    /// <returns>Bytes of a line that goes on, moved to the beginning. One that does not fit, which no path makes it, begins anew where it was cut.</returns>
    private int Rest(Span<byte> text, SafeFileHandle pages, ref long given)
    {
        Span<byte> rest = text;
        while (rest.IndexOf((byte)'\n') is >= 0 and var end)
        {
            if (FileMapping.TryRead(rest[..end], out FileMapping mapping))
            {
                present.Add(mapping);
                if (known.Contains(mapping) && table.Resident(pages, mapping) is > 0 and var resident && Advise((nint)mapping.Start, (nuint)(mapping.End - mapping.Start), DontNeed) == 0)
                {
                    given += resident;
                }
            }

            rest = rest[(end + 1)..];
        }

        if (rest.Length == text.Length && text.Length == buffer.Length)
        {
            return 0;
        }

        rest.CopyTo(text);
        return rest.Length;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint length, int advice);
}
