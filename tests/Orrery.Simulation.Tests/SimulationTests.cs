using System.Globalization;

namespace Orrery.Simulation.Tests;

/// <summary>All controllers, satellites and data planes under faults, by seeds. A seed that fails is replayed with <c>Orrery.Simulation --seed N --schedule</c>.</summary>
public sealed class SimulationTests
{
    private const int Seeds = 500;
    private const int Halves = 2;
    private const string FaultsPrefix = "faults: ";
    private const string KilledPrefix = "killed at ";
    private const string SparedPrefix = "nobody killed at: ";

    /// <summary>
    /// Writes at which no seed kills, of about 950. The chapter of all at once is left out, as its writes are those of the others, and so are
    /// Events: what is told is no state that anything goes on from.
    /// </summary>
    private const int MostSpared = 50;

    /// <summary>How often each fault happens at least, over all seeds: half of what it was when this was written.</summary>
    private static readonly Dictionary<string, int> AtLeast = new()
    {
        ["clock-jumps"] = 70, ["conflict"] = 3000, ["controllers-killed"] = 80, ["cut-off"] = 10000, ["event-doubled"] = 4500, ["event-dropped"] = 350,
        ["event-late"] = 800, ["expired"] = 2000, ["handovers"] = 80, ["killed-after-write"] = 400, ["killed-before-write"] = 400, ["lost"] = 3500,
        ["outages"] = 100, ["refused"] = 4500, ["satellites-killed"] = 70, ["silences"] = 60, ["unanswered"] = 3000,
    };

    [Fact]
    public async Task Seeds_WhateverGoesWrong_ComeToTheSameEnd()
    {
        (int Code, string[] Lines)[] halves = await Task.WhenAll(Enumerable.Range(0, Halves).Select(half =>
            SimulationProcess.RunAsync(TestContext.Current.CancellationToken, "--seeds", $"{(half * Seeds / Halves) + 1}-{(half + 1) * Seeds / Halves}", "--spared")));

        foreach ((int code, string[] lines) in halves)
        {
            Assert.Equal($"{Seeds / Halves} agreed, 0 did not", string.Join('\n', lines.Where(l => !l.Contains(": ok [", StringComparison.Ordinal) && !IsCount(l))));
            Assert.Equal(0, code);
        }

        // That all this went wrong, and that nearly each write of controllers and satellites was somewhere their last: else the above would say little.
        ILookup<string, int> faults = halves.SelectMany(h => h.Lines.Single(l => l.StartsWith(FaultsPrefix, StringComparison.Ordinal))[FaultsPrefix.Length..].Split(' '))
            .Select(f => f.Split('=')).ToLookup(f => f[0], f => int.Parse(f[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);
        Assert.All(AtLeast, least => Assert.True(faults[least.Key].Sum() >= least.Value, $"{least.Key} happened {faults[least.Key].Sum()} times, want {least.Value}"));
        string[] spared = [.. halves.Select(h => h.Lines.Where(IsSparedState)).Aggregate((some, others) => some.Intersect(others))];
        Assert.True(spared.Length <= MostSpared, string.Join('\n', spared));
    }

    [Fact]
    public async Task Seed_InTwoProcesses_HasOneSchedule()
    {
        (int Code, string[] Lines)[] both = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ =>
            SimulationProcess.RunAsync(TestContext.Current.CancellationToken, "--seed", "20", "--schedule")));

        Assert.All(both, b => Assert.True(b.Lines.Length > 1000, string.Join('\n', b.Lines)));
        Assert.Equal(Steps(both[0].Lines), Steps(both[1].Lines));
    }

    /// <summary>A simulation that finds nothing proves nothing. Each with the seed that is known to find it.</summary>
    [Fact]
    public async Task Mistakes_PlantedOneByOne_AreFound()
    {
        string[] known =
        [
            "QueueLosesKeyBeingWorkedOn", "QueueLosesRetries", "QueueRingsOnce", "HostForgivesConflicts", "HostForgivesBrokenConnections", "InformerKeepsWhatAListLacks", "InformerListsInSilence",
            "InformerMissesDeletionsOnResume", "PlacementLeavesFormerWorks", "PlacementIgnoresLostWorks", "DataPlaneGrantsOnlyAtFirst", "VirtualClusterHoldsNothing", "MirrorKeepsWhatIsGone", "MirrorWritesStatusOnce",
            "PrunesOnlyWhatItRemembers", "IgnoresDrift", "ForgetsLostReports", "KeepsObservations", "EntersFormerNamespaces", "SettlesForGood",
        ];
        (int Code, string[] Lines)[] halves = await Task.WhenAll(known.Index().GroupBy(m => m.Index % Halves).Select(half =>
            SimulationProcess.RunAsync(TestContext.Current.CancellationToken, [.. half.SelectMany(m => (string[])["--mistake", m.Item])])));

        foreach ((int code, string[] lines) in halves)
        {
            Assert.DoesNotContain(lines, l => l.Contains("NOT FOUND", StringComparison.Ordinal));
            Assert.EndsWith(" found, 0 not", lines[^1], StringComparison.Ordinal);
            Assert.Equal(0, code);
        }
    }

    private static bool IsSparedState(string line) => line.StartsWith(SparedPrefix, StringComparison.Ordinal)
        && !line.Contains(" All ", StringComparison.Ordinal) && !line.Contains("/events/", StringComparison.Ordinal);

    private static bool IsCount(string line) => new[] { FaultsPrefix, KilledPrefix, SparedPrefix }.Any(p => line.StartsWith(p, StringComparison.Ordinal));

    private static string[] Steps(string[] lines) => [.. lines.Where(l => l.StartsWith(' '))];
}
