using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Orrery.Serving;

namespace Orrery.Bench;

/// <summary>Waits until a server has digested what it was given: its memory then says what things cost to keep.</summary>
internal static partial class Settling
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Between two looks at a server that collects when it is asked to.</summary>
    private static readonly TimeSpan AskedLook = TimeSpan.FromSeconds(3);

    /// <summary>Looks at a server at rest.</summary>
    private const int RestLooks = 60;

    /// <summary>So many looks in a row must agree to half a percent.</summary>
    private const int Agreeing = 6;

    /// <summary>Looks at a server that collects when it is asked to; the least counts, since whatever is above it was not kept.</summary>
    private const int AskedLooks = 5;

    /// <summary>A start loads and compiles what is not used again; so long after it a server is at rest.</summary>
    private static readonly TimeSpan StartOver = TimeSpan.FromSeconds(30);

    /// <summary>Returns once the start of the target's last process is over.</summary>
    public static async Task StartedAsync(BenchTarget target, TimeProvider time, CancellationToken cancellationToken)
    {
        foreach (int pid in target.Pids)
        {
            using var process = Process.GetProcessById(pid);
            TimeSpan left = StartOver - (time.GetUtcNow() - process.StartTime.ToUniversalTime());
            if (left > TimeSpan.Zero)
            {
                await Task.Delay(left, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>All that is resident: the middle one of a minute's looks, since pages of program files come and go with each call of a compiler.</summary>
    /// <returns>Resident bytes.</returns>
    public static async Task<long> MemoryAsync(BenchTarget target, TimeProvider time, CancellationToken cancellationToken)
    {
        var looks = new List<long>(RestLooks);
        while (looks.Count < RestLooks)
        {
            looks.Add(target.Usage().Resident);
            await Task.Delay(Look, time, cancellationToken).ConfigureAwait(false);
        }

        return looks.Order().ElementAt(RestLooks / 2);
    }

    /// <summary>Once it has come to rest.</summary>
    /// <param name="atMost">Then whatever it is counts.</param>
    public static async Task<long> MemoryAsync(BenchTarget target, Func<ProcessUsage, long> memory, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        long last = memory(target.Usage());
        int agreed = 0;
        while (agreed < Agreeing && time.GetElapsedTime(started) < atMost)
        {
            await Task.Delay(Look, time, cancellationToken).ConfigureAwait(false);
            long now = memory(target.Usage());
            agreed = Math.Abs(now - last) <= last / 200 ? agreed + 1 : 0;
            last = now;
        }

        return last;
    }

    /// <summary>
    /// What it keeps: pages that it alone has and has written to. One of our own is asked to collect before each look, so that neither garbage
    /// nor pages that come back because they are used again are taken for what things cost.
    /// </summary>
    /// <param name="atMost">So long one that cannot be asked may take to come to rest; then whatever it is counts.</param>
    /// <returns>Private bytes.</returns>
    public static Task<long> KeptAsync(BenchTarget target, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken) =>
        KeptAsync(target, usage => usage.Private, atMost, time, cancellationToken);

    /// <param name="memory">What of it counts.</param>
    /// <inheritdoc cref="KeptAsync(BenchTarget, TimeSpan, TimeProvider, CancellationToken)"/>
    public static async Task<long> KeptAsync(BenchTarget target, Func<ProcessUsage, long> memory, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        int[] asked = [.. target.Pids.Where(CollectsWhenAsked)];
        if (asked.Length == 0)
        {
            return await MemoryAsync(target, memory, atMost, time, cancellationToken).ConfigureAwait(false);
        }

        long least = long.MaxValue;
        for (int i = 0; i < AskedLooks; i++)
        {
            Array.ForEach(asked, pid => _ = Kill(pid, MemoryReturn.Signal));
            await Task.Delay(AskedLook, time, cancellationToken).ConfigureAwait(false);
            least = Math.Min(least, memory(target.Usage()));
        }

        return least;
    }

    /// <summary>It is a program of ours and handles the signal, which ends any other.</summary>
    private static bool CollectsWhenAsked(int pid)
    {
        string[] status = File.ReadAllLines($"/proc/{pid}/status");
        string? caught = status.FirstOrDefault(l => l.StartsWith("SigCgt:", StringComparison.Ordinal))?["SigCgt:".Length..].Trim();
        return status[0] == "Name:\torrery" && caught is not null && (ulong.Parse(caught, NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> (MemoryReturn.Signal - 1) & 1) == 1;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
