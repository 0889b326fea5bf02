using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using Orrery.Simulation.Faults;
using Orrery.Simulation.Outcome;
using Orrery.Simulation.Script;
using Orrery.Simulation.Worlds;

namespace Orrery.Simulation;

/// <summary>The command line: runs seeds, replays one, looks for planted mistakes.</summary>
internal static class Commands
{
    private const string Usage = "usage: Orrery.Simulation [--seed N | --seeds A-B[,C-D…]] [--schedule] [--spared] [--mistake NAME… | --mistakes A-B | --then-mistake NAME… | --scale]";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>How many seeds are run, from 1 on, for a mistake which the one that is known to find it does not.</summary>
    private const int Searched = 200;

    /// <summary>How runs without faults end, by what they are about: all others must end so too.</summary>
    private static readonly Dictionary<Chapter, RunResult> Calm = [];

    /// <returns>0 when every run came to the same end as without faults, or every mistake was found; 1 when not; 2 for a wrong command.</returns>
    public static int Run(string[] args, TextWriter output)
    {
        int[]? seeds = null;
        bool prints = false, spared = false;
        IReadOnlyList<string> mistakes = [], mistakesAfter = [];
        for (int i = 0; i < args.Length; i++)
        {
            string value = i + 1 < args.Length ? args[i + 1] : "";
            switch (args[i])
            {
                case "--seed" or "--seeds" when Seeds(value) is { } said:
                    seeds = said;
                    i++;
                    break;
                case "--schedule":
                    prints = true;
                    break;
                case "--spared":
                    spared = true;
                    break;
                case "--mistake" when Mistakes.All.Contains(value):
                    mistakes = [.. mistakes, value];
                    i++;
                    break;
                case "--then-mistake" when Mistakes.All.Contains(value):
                    mistakesAfter = [.. mistakesAfter, value];
                    i++;
                    break;
                case "--mistakes" when Range(value) is { } some:
                    mistakes = [.. mistakes, .. Mistakes.All.Skip(some.From - 1).Take(some.To - some.From + 1)];
                    i++;
                    break;
                case "--scale":
                    foreach (string line in World.Measure(dataPlanes: 50, tenants: 200, installations: 3, TimeSpan.FromMinutes(30)))
                    {
                        output.WriteLine(line);
                    }

                    return 0;
                default:
                    Console.Error.WriteLine(Usage);
                    return 2;
            }
        }

        int code = mistakes.Count == 0 ? RunSeeds(seeds ?? [1], prints, spared, output) : Find(mistakes, seeds, prints, output);
        return mistakesAfter.Count == 0 ? code : Math.Max(code, Find(mistakesAfter, null, prints, output));
    }

    private static int RunSeeds(int[] seeds, bool prints, bool printsSpared, TextWriter output)
    {
        int failed = 0;
        var faults = new FaultCount();
        foreach (int seed in seeds)
        {
            TimeSpan began = Cpu();
            string[] difference = Judge(seed, out RunResult run);
            failed += difference.Length == 0 ? 0 : 1;
            faults.Add(run.Faults, $"{run.Plan.Chapter} ", isCalm: false);
            foreach (string line in prints ? run.Schedule : [])
            {
                output.WriteLine(line);
            }

            string verdict = difference.Length == 0 ? "ok" : "another end:\n  " + string.Join("\n  ", difference);
            output.WriteLine($"seed {seed} ({run.Plan}): {verdict} [{(Cpu() - began).TotalMilliseconds:0} ms of CPU, {run.Schedule.Count} steps, schedule {run.ScheduleDigest}]");
        }

        foreach (RunResult calm in Calm.Values)
        {
            faults.Add(calm.Faults, $"{calm.Plan.Chapter} ", isCalm: true);
        }

        foreach (string write in printsSpared ? faults.Spared : [])
        {
            output.WriteLine($"nobody killed at: {write}");
        }

        output.WriteLine($"faults: {faults}");
        output.WriteLine(faults.Killed);
        output.WriteLine(FormattableString.Invariant(
            $"cost: {Cpu().TotalSeconds:0} s of CPU, {GC.GetTotalAllocatedBytes() / 1e9:0.0} GB allocated, {GC.CollectionCount(0)} collections, {JitInfo.GetCompiledMethodCount()} methods compiled"));
        output.WriteLine($"{seeds.Length - failed} agreed, {failed} did not");
        return failed == 0 ? 0 : 1;
    }

    /// <summary>Plants each mistake alone and runs seeds until one comes to another end.</summary>
    /// <param name="seeds">Null runs the one that is known to find it, and others where that does not.</param>
    private static int Find(IReadOnlyList<string> mistakes, int[]? seeds, bool prints, TextWriter output)
    {
        foreach (Chapter chapter in Enum.GetValues<Chapter>())
        {
            CalmOf(chapter);
        }

        int missed = 0;
        foreach (string mistake in mistakes)
        {
            Mistakes.Plant(mistake);
            int? found = null;
            string[] difference = [];

            // The one that is known first: what the product does changes, and with it which one is the first.
            IEnumerable<int> tried = seeds ?? Enumerable.Range(1, Searched);
            foreach (int seed in seeds is null && Mistakes.FoundBy.TryGetValue(mistake, out int known) ? tried.Prepend(known) : tried)
            {
                if (found is not null)
                {
                    break;
                }

                difference = Judge(seed, out RunResult run);
                found = difference.Length > 0 ? seed : null;
                foreach (string line in prints ? run.Schedule : [])
                {
                    output.WriteLine(line);
                }
            }

            missed += found is null ? 1 : 0;
            output.WriteLine(found is { } by
                ? $"{mistake}: found by seed {by}, {difference.Length} differences, as {difference[0][..Math.Min(160, difference[0].Length)]}"
                : $"{mistake}: NOT FOUND by {tried.Count()} seeds");
        }

        Mistakes.Plant("");
        output.WriteLine($"{mistakes.Count - missed} found, {missed} not");
        return missed == 0 ? 0 : 1;
    }

    private static string[] Judge(int seed, out RunResult run)
    {
        RunResult calm = CalmOf(FaultPlan.ChapterOf(seed));
        FaultPlan plan = FaultPlan.Of(seed, calm.Faults);
        run = World.Run(seed, plan, Patience);
        return (calm.Fault ?? run.Fault) is { } fault ? [fault.ToString()] : [.. FinalState.Difference(calm.State, run.State)];
    }

    private static RunResult CalmOf(Chapter chapter)
    {
        if (!Calm.TryGetValue(chapter, out RunResult? calm))
        {
            Calm[chapter] = calm = World.Run(0, FaultPlan.None(chapter), Patience);
        }

        return calm;
    }

    /// <returns>The seeds of ranges with commas between them; null for anything else.</returns>
    private static int[]? Seeds(string text)
    {
        (int From, int To)?[] ranges = [.. text.Split(',').Select(Range)];
        return ranges.Contains(null) ? null : [.. ranges.SelectMany(r => Enumerable.Range(r!.Value.From, r.Value.To - r.Value.From + 1))];
    }

    private static (int From, int To)? Range(string text) => text.Split('-') switch
    {
        [var one] when int.TryParse(one, CultureInfo.InvariantCulture, out int only) => (only, only),
        [var first, var last] when int.TryParse(first, CultureInfo.InvariantCulture, out int from) && int.TryParse(last, CultureInfo.InvariantCulture, out int to) && from <= to => (from, to),
        _ => null,
    };

    private static TimeSpan Cpu() => Process.GetCurrentProcess().TotalProcessorTime;
}
