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

    /// <summary>The controllers' process is killed at this write of its own, counted from 1; 0: not at a write.</summary>
    public int CrashAtWrite { get; init; }

    /// <summary>Whether the write at which it is killed was done.</summary>
    public bool CrashAfterWrite { get; init; }

    /// <summary>How often something of the kind happens at a time of its own.</summary>
    public int ControllerCrashes { get; init; }

    public int SatelliteCrashes { get; init; }

    /// <summary>A satellite is away for so long that its watches cannot go on.</summary>
    public int Silences { get; init; }

    /// <summary>Controllers or a satellite reach the control plane for a moment not, and their watches go on after it.</summary>
    public int Outages { get; init; }

    public int ClockJumps { get; init; }

    /// <summary>A second leader starts while the first still acts.</summary>
    public int Handovers { get; init; }

    public static FaultPlan None(Chapter chapter) => new() { Chapter = chapter };

    /// <summary>
    /// The plan of a seed. Seeds take turns at the chapters; each kills the controllers at one write of theirs, before the server has it or
    /// after, so that seeds go through all writes; the rest is drawn: nothing more, one kind of fault alone, or several at once.
    /// </summary>
    public static FaultPlan Of(int seed)
    {
        Chapter chapter = seed % 20 == 0 ? Chapter.All : Turns[seed % Turns.Length];
        var chance = new Random(seed);
        double some = chance.Next(4) == 0 ? 0 : chance.Next(1, 4) / 10.0;
        double Rate(double most) => chance.NextDouble() < some ? chance.NextDouble() * most : 0;
        int Times(int most) => chance.NextDouble() < some ? chance.Next(1, most + 1) : 0;
        return new FaultPlan
        {
            Chapter = chapter,
            CrashAtWrite = 1 + (int)(seed * 89L % CrashRange[chapter]),
            CrashAfterWrite = chance.Next(2) == 1,
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
            Handovers = Times(2),
        };
    }

    /// <summary>The shorter chapters more often: what they find costs less.</summary>
    private static readonly Chapter[] Turns = [Chapter.ComeAndGo, Chapter.Install, Chapter.Fleet, Chapter.Use, Chapter.Install, Chapter.ComeAndGo, Chapter.Size];

    /// <summary>About as many writes as the controllers make in one; primes, so that seeds go through all of them.</summary>
    private static readonly Dictionary<Chapter, int> CrashRange = new()
    {
        [Chapter.Use] = 601, [Chapter.ComeAndGo] = 199, [Chapter.Install] = 199, [Chapter.Fleet] = 401, [Chapter.Size] = 199, [Chapter.All] = 907,
    };

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
            .. CrashAtWrite > 0 ? (string[])[$"crash-{(CrashAfterWrite ? "after" : "before")}-write={CrashAtWrite}"] : [],
        ];
        return $"{Chapter} {(all.Length == 0 ? "without faults" : string.Join(' ', all))}";
    }
}
