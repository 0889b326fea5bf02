using System.Numerics;
using Orrery.Simulation.Worlds;

namespace Orrery.Simulation.Faults;

/// <summary>What goes wrong in one run. Probabilities are per request, or per event of a watch.</summary>
internal sealed record FaultPlan
{
    /// <summary>What the user does meanwhile.</summary>
    public Chapter Chapter { get; init; }

    /// <summary>The request is answered 500, 503 or 429 and nothing was done.</summary>
    public double Refused { get; init; }

    /// <summary>The connection breaks before the server has the request.</summary>
    public double Lost { get; init; }

    /// <summary>The connection breaks after the server did what was asked.</summary>
    public double Unanswered { get; init; }

    /// <summary>A write is answered 409 although nobody was in its way.</summary>
    public double Conflict { get; init; }

    /// <summary>A watch breaks instead of bringing an event; resumed, it brings it.</summary>
    public double EventDropped { get; init; }

    public double EventDoubled { get; init; }

    /// <summary>An event, and all after it on that watch, comes seconds late: the cache behind it is stale.</summary>
    public double EventLate { get; init; }

    /// <summary>The watch's position is answered 410: everything is listed anew.</summary>
    public double WatchExpired { get; init; }

    /// <summary>The controllers' process is killed at these writes of its own.</summary>
    public IReadOnlyList<CrashPoint> ControllersKilledAt { get; init; } = [];

    /// <summary>The satellite that sends it is killed at these writes of all satellites'.</summary>
    public IReadOnlyList<CrashPoint> SatellitesKilledAt { get; init; } = [];

    /// <summary>Two control planes stand for election, and the one that leads by its Lease runs the controllers.</summary>
    public bool HasStandby { get; init; }

    /// <summary>How often something of the kind happens at a time of its own.</summary>
    public int ControllerCrashes { get; init; }

    public int SatelliteCrashes { get; init; }

    /// <summary>A satellite is away for so long that its watches cannot go on.</summary>
    public int Silences { get; init; }

    /// <summary>Controllers or a satellite reach the control plane for a moment not, and their watches go on after it.</summary>
    public int Outages { get; init; }

    public int ClockJumps { get; init; }

    /// <summary>A second leader starts while the first still acts; with two control planes, the one that leads reaches nobody until the other does.</summary>
    public int Handovers { get; init; }

    public static FaultPlan None(Chapter chapter) => new() { Chapter = chapter };

    /// <summary>What the users do in a seed.</summary>
    public static Chapter ChapterOf(int seed) => seed % 20 == 0 ? Chapter.All : Turns[seed % Turns.Length];

    /// <summary>
    /// The plan of a seed. Seeds take turns at the chapters; those of one chapter kill controllers and satellites at some writes each, before the server
    /// has it or after, so that they go through all writes; every fifth has two control planes; the rest is drawn: nothing more, one kind of fault
    /// alone, or several at once.
    /// </summary>
    /// <param name="calm">What happens in the chapter when nothing goes wrong.</param>
    public static FaultPlan Of(int seed, FaultCount calm)
    {
        Chapter chapter = ChapterOf(seed);
        int number = Enumerable.Range(1, seed - 1).Count(s => ChapterOf(s) == chapter);
        var chance = new Random(seed);
        bool hasStandby = seed % 5 == 4;
        double some = chance.Next(4) == 0 ? 0 : chance.Next(1, 4) / 10.0;
        double Rate(double most) => chance.NextDouble() < some ? chance.NextDouble() * most : 0;
        int Times(int most) => chance.NextDouble() < some ? chance.Next(1, most + 1) : 0;
        return new FaultPlan
        {
            Chapter = chapter,
            ControllersKilledAt = Crashes(number, chapter is Chapter.Install or Chapter.ComeAndGo ? 3 : 5, calm.ControllerWrites),
            SatellitesKilledAt = Crashes(number, chapter switch { Chapter.Install or Chapter.ComeAndGo => 2, Chapter.Use => 5, _ => 3 }, calm.SatelliteWrites),
            HasStandby = hasStandby,
            Refused = Rate(0.15),
            Lost = Rate(0.1),
            Unanswered = Rate(0.1),
            Conflict = Rate(0.2),
            EventDropped = Rate(0.05),
            EventDoubled = Rate(0.3),
            EventLate = Rate(0.05),
            WatchExpired = Rate(0.2),
            ControllerCrashes = Times(3),
            SatelliteCrashes = Times(3),
            Silences = Times(2),
            Outages = Times(4),
            ClockJumps = Times(3),
            Handovers = hasStandby ? 1 : Times(2),
        };
    }

    /// <summary>The next ones of all writes, far from each other, as long as there are any; then all again, done where it was not before, and then the second of each.</summary>
    private static IReadOnlyList<CrashPoint> Crashes(int number, int times, IReadOnlyList<string> writes)
    {
        // A step that has no divisor with the count in common comes to each write once before it comes to any again.
        int step = Enumerable.Range((int)(writes.Count * 0.618), writes.Count).First(s => BigInteger.GreatestCommonDivisor(s, writes.Count).IsOne);
        return
        [
            .. Enumerable.Range(number * times, times).Select(i => (Round: i / writes.Count, Write: i * step % writes.Count))
                .Select(at => new CrashPoint(writes[at.Write], 1 + (at.Round / 2), (at.Round + at.Write) % 2 == 1)),
        ];
    }

    /// <summary>The shorter chapters more often: what they find costs less.</summary>
    private static readonly Chapter[] Turns = [Chapter.ComeAndGo, Chapter.Install, Chapter.Fleet, Chapter.Use, Chapter.Install, Chapter.ComeAndGo, Chapter.Size];

    /// <summary>What goes wrong, in words.</summary>
    public override string ToString()
    {
        string[] all =
        [
            .. new (string Name, double Value)[]
            {
                ("refused", Refused), ("lost", Lost), ("unanswered", Unanswered), ("conflict", Conflict), ("event-dropped", EventDropped),
                ("event-doubled", EventDoubled), ("event-late", EventLate), ("watch-expired", WatchExpired), ("controller-crashes", ControllerCrashes),
                ("satellite-crashes", SatelliteCrashes), ("silences", Silences), ("outages", Outages), ("clock-jumps", ClockJumps), ("handovers", Handovers),
            }.Where(f => f.Value > 0).Select(f => FormattableString.Invariant($"{f.Name}={f.Value:0.###}")),
            .. ControllersKilledAt.Select(c => $"controllers-killed-{c}"), .. SatellitesKilledAt.Select(c => $"satellite-killed-{c}"), .. HasStandby ? (string[])["two-control-planes"] : [],
        ];
        return $"{Chapter} {(all.Length == 0 ? "without faults" : string.Join(' ', all))}";
    }
}
