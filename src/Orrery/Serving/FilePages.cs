using System.Globalization;
using System.Runtime.InteropServices;

namespace Orrery.Serving;

/// <summary>
/// Pages of program files that this process has mapped. A start touches most of a program once and a tenth of it ever again, but the pages stay resident until the machine runs short. They are
/// copies of what is in the file: given back, what is used again is mapped again, at the price of a fault and without reading the disk as long as the system keeps it cached.
/// </summary>
internal sealed partial class FilePages
{
    private const int DontNeed = 4;

    /// <summary>Read-only mappings of files as they were at the last look.</summary>
    private HashSet<Mapping> known = [];

    /// <summary>
    /// Gives back what was there unchanged at the last call already: a file that is only being loaded is still written to, and what was written would be lost.
    /// </summary>
    /// <returns>Bytes that were resident of what was given back.</returns>
    public long GiveBack()
    {
        long given = 0;
        var present = new HashSet<Mapping>();
        if (!OperatingSystem.IsLinux() || !File.Exists("/proc/self/smaps"))
        {
            return given;
        }

        foreach ((Mapping mapping, long resident) in ReadOnly(File.ReadLines("/proc/self/smaps")))
        {
            present.Add(mapping);
            if (known.Contains(mapping) && Advise((nint)mapping.Start, (nuint)(mapping.End - mapping.Start), DontNeed) == 0)
            {
                given += resident;
            }
        }

        known = present;
        return given;
    }

    /// <summary>Mappings of files that cannot be written to and of which no page differs from its file.</summary>
    internal static IEnumerable<(Mapping Mapping, long Resident)> ReadOnly(IEnumerable<string> smaps)
    {
        Mapping? current = null;
        long resident = 0;
        foreach (string line in smaps)
        {
            if (Mapping.TryParse(line) is { } next)
            {
                current = next;
            }
            else if (line.StartsWith("Rss:", StringComparison.Ordinal))
            {
                resident = Kibibytes(line);
            }
            else if (line.StartsWith("Anonymous:", StringComparison.Ordinal) && current is { IsReadOnlyFile: true } mapping && Kibibytes(line) == 0 && resident > 0)
            {
                yield return (mapping, resident);
            }
        }
    }

    private static long Kibibytes(string line) =>
        1024 * long.Parse(line.AsSpan()[(line.IndexOf(':', StringComparison.Ordinal) + 1)..line.LastIndexOf(' ')].Trim(), CultureInfo.InvariantCulture);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint length, int advice);

    /// <summary>The first line of an entry of smaps: <c>start-end rwxp offset device inode path</c>.</summary>
    internal readonly record struct Mapping(ulong Start, ulong End, string Permissions, string Path)
    {
        public bool IsReadOnlyFile => Permissions is "r-xp" or "r--p" or "r--s" && Path.StartsWith('/') && !Path.StartsWith("/memfd:", StringComparison.Ordinal);

        public static Mapping? TryParse(string line)
        {
            // All other lines, twenty-four of twenty-five, begin with a name.
            if (line.Length == 0 || !char.IsAsciiHexDigitLower(line[0]))
            {
                return null;
            }

            string[] parts = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            return parts.Length >= 5 && parts[0].IndexOf('-', StringComparison.Ordinal) is > 0 and var dash
                && ulong.TryParse(parts[0].AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong start)
                && ulong.TryParse(parts[0].AsSpan(dash + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong end)
                ? new Mapping(start, end, parts[1], parts.Length == 6 ? parts[5] : "")
                : null;
        }
    }
}
