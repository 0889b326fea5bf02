namespace Orrery.Simulation.Tests;

/// <summary>All controllers, satellites and data planes under faults, by seeds. A seed that fails is replayed with <c>Orrery.Simulation --seed N --schedule</c>.</summary>
public sealed class SimulationTests
{
    private const int Seeds = 500;
    private const int Halves = 2;

    [Fact]
    public async Task Seeds_WhateverGoesWrong_ComeToTheSameEnd()
    {
        (int Code, string[] Lines)[] halves = await Task.WhenAll(Enumerable.Range(0, Halves).Select(half =>
            SimulationProcess.RunAsync(TestContext.Current.CancellationToken, "--seeds", $"{(half * Seeds / Halves) + 1}-{(half + 1) * Seeds / Halves}")));

        foreach ((int code, string[] lines) in halves)
        {
            Assert.Equal($"{Seeds / Halves} agreed, 0 did not", string.Join('\n', lines.Where(l => !l.Contains(": ok [", StringComparison.Ordinal))));
            Assert.Equal(0, code);
        }
    }

    [Fact]
    public async Task Seed_InTwoProcesses_HasOneSchedule()
    {
        (int Code, string[] Lines)[] both = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ =>
            SimulationProcess.RunAsync(TestContext.Current.CancellationToken, "--seed", "20", "--schedule")));

        Assert.All(both, b => Assert.True(b.Lines.Length > 1000, string.Join('\n', b.Lines)));
        Assert.Equal(Steps(both[0].Lines), Steps(both[1].Lines));
    }

    /// <summary>A simulation that finds nothing proves nothing. Those of which a seed is known to find them; the others stand in the roadmap.</summary>
    [Fact]
    public async Task Mistakes_PlantedOneByOne_AreFound()
    {
        string[] known =
        [
            "QueueLosesKeyBeingWorkedOn", "QueueLosesRetries", "QueueRingsOnce", "HostForgivesConflicts", "HostForgivesBrokenConnections", "InformerKeepsWhatAListLacks", "InformerListsInSilence",
            "PlacementLeavesFormerWorks", "DataPlaneGrantsOnlyAtFirst", "VirtualClusterHoldsNothing", "MirrorKeepsWhatIsGone", "MirrorWritesStatusOnce",
            "IgnoresDrift", "ForgetsLostReports", "KeepsObservations", "SettlesTooEarly",
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

    private static string[] Steps(string[] lines) => [.. lines.Where(l => l.StartsWith(' '))];
}
