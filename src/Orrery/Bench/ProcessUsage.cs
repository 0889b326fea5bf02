using System.Globalization;

namespace Orrery.Bench;

/// <summary>What processes have used so far, as <c>/proc</c> tells it.</summary>
/// <param name="Cpu">User and system time of all threads, to the hundredth of a second.</param>
/// <param name="Resident">Bytes in memory (VmRSS).</param>
/// <param name="Anonymous">Of that, what no file holds as well: heaps and stacks.</param>
/// <param name="Private">What would be free if it ended: pages of its own that it has written to (Private_Dirty).</param>
internal readonly record struct ProcessUsage(TimeSpan Cpu, long Resident, long Anonymous, long Private)
{
    /// <summary>The sum over some processes: an API server and the store behind it count as one.</summary>
    /// <exception cref="IOException">One of them has ended.</exception>
    public static ProcessUsage Of(IReadOnlyList<int> pids)
    {
        TimeSpan cpu = default;
        long resident = 0, anonymous = 0, ownPages = 0;
        foreach (int pid in pids)
        {
            // "pid (name) state ...": the name may hold anything, so count from the last parenthesis.
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            cpu += TimeSpan.FromMilliseconds(10 * (Number(fields[11]) + Number(fields[12])));
            string[] status = File.ReadAllLines($"/proc/{pid}/status");
            resident += Bytes(status, "VmRSS:");
            anonymous += Bytes(status, "RssAnon:");
            ownPages += Bytes(File.ReadAllLines($"/proc/{pid}/smaps_rollup"), "Private_Dirty:");
        }

        return new ProcessUsage(cpu, resident, anonymous, ownPages);
    }

    private static long Bytes(string[] status, string name) =>
        status.FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal)) is { } line ? 1024 * Number(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1]) : 0;

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
