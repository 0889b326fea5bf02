namespace Orrery.Simulation.Tests;

/// <summary>
/// All seeds and all known mistakes, in two processes of one thread each: what one process compiled and found out for its seeds serves it for the mistakes too.
/// </summary>
public sealed class SimulationRun : IAsyncLifetime
{
    public const int Seeds = 360;

    /// <summary>Run by both: by the one among its seeds, by the other first of all.</summary>
    public const int Replayed = 20;

    private const int Halves = 2;

    public static readonly IReadOnlyList<string> Mistakes =
    [
        "QueueLosesKeyBeingWorkedOn", "QueueLosesRetries", "QueueRingsOnce", "HostForgivesConflicts", "HostForgivesBrokenConnections", "InformerKeepsWhatAListLacks", "InformerListsInSilence",
        "InformerMissesDeletionsOnResume", "PlacementLeavesFormerWorks", "PlacementIgnoresLostWorks", "DataPlaneGrantsOnlyAtFirst", "VirtualClusterHoldsNothing", "MirrorKeepsWhatIsGone", "MirrorWritesStatusOnce",
        "PrunesOnlyWhatItRemembers", "IgnoresDrift", "ForgetsLostReports", "KeepsObservations", "EntersFormerNamespaces", "SettlesForGood",
    ];

    /// <summary>What each process said, and its exit code.</summary>
    public IReadOnlyList<(int Code, string[] Lines)> Processes { get; private set; } = [];

    public async ValueTask InitializeAsync() => Processes = await Task.WhenAll(Enumerable.Range(0, Halves).Select(half => SimulationProcess.RunAsync(
        TestContext.Current.CancellationToken,
        ["--seeds", half == 0 ? $"1-{Seeds / 2}" : $"{Replayed},{(Seeds / 2) + 1}-{Seeds}", "--spared", .. Mistakes.Where((_, i) => i % Halves == half).SelectMany(m => (string[])["--then-mistake", m])])));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
