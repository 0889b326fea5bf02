using Orrery.Simulation.Network;
using Orrery.Simulation.Worlds;

namespace Orrery.Simulation.Faults;

/// <summary>Draws, from the run's seed, how long things take and what goes wrong on their way.</summary>
internal sealed class Weather(FaultPlan plan, Random chance)
{
    private readonly Dictionary<SimulatedProcess, HashSet<Connection>> open = [];

    /// <summary>While false everything gets through, in its usual time.</summary>
    public bool IsStormy { get; set; } = true;

    /// <summary>What went wrong so far, and where.</summary>
    public FaultCount Count { get; } = new();

    public int Pick(int below) => chance.Next(below);

    public TimeSpan Between(double fromSeconds, double toSeconds) => TimeSpan.FromSeconds(fromSeconds + (chance.NextDouble() * (toSeconds - fromSeconds)));

    /// <summary>One way of a request: mostly next to nothing, seldom long enough for everybody else to overtake it. Waits are whole milliseconds.</summary>
    public TimeSpan Latency() => chance.Next(50) == 0 ? Between(0.005, 0.2) : TimeSpan.FromMilliseconds(chance.Next(4));

    public TimeSpan EventDelay(SimulatedProcess process)
    {
        if (Suffers(process) && chance.NextDouble() < plan.EventLate)
        {
            Count.Add("event-late");
            return Between(0.2, 5);
        }

        return chance.Next(20) == 0 ? Between(0.001, 0.05) : TimeSpan.Zero;
    }

    /// <param name="what">Method and path, for a write.</param>
    public Fate FateOf(SimulatedProcess process, string what, bool isWrite, bool isWatch)
    {
        Fate fate = isWrite && CrashAt(process, what) is { } crash ? crash : Drawn(process, isWrite, isWatch);
        Count.Add(fate);
        return fate;
    }

    private Fate? CrashAt(SimulatedProcess process, string what)
    {
        bool isController = process.Name == World.Controllers;
        if (!isController && !process.Name.StartsWith(World.SatellitePrefix, StringComparison.Ordinal))
        {
            return null;
        }

        (string step, int time) = Count.Write(isController, what);
        foreach (CrashPoint crash in isController ? plan.ControllersKilledAt : plan.SatellitesKilledAt)
        {
            if (crash.Step == step && crash.Time == time)
            {
                Count.Kill(isController, step);
                return crash.IsDone ? Fate.CrashAfter : Fate.Crash;
            }
        }

        return null;
    }

    private Fate Drawn(SimulatedProcess process, bool isWrite, bool isWatch)
    {
        if (!Suffers(process))
        {
            return Fate.Well;
        }

        if (isWatch && process.IsBehindHistory)
        {
            return Fate.Expired;
        }

        double drawn = chance.NextDouble();
        foreach ((Fate fate, double share) in (ReadOnlySpan<(Fate, double)>)
            [(Fate.Lost, plan.Lost), (Fate.Refused, plan.Refused), (Fate.Unanswered, isWatch ? 0 : plan.Unanswered), (Fate.Conflict, isWrite ? plan.Conflict : 0), (Fate.Expired, isWatch ? plan.WatchExpired : 0)])
        {
            if (drawn < share)
            {
                return fate;
            }

            drawn -= share;
        }

        return Fate.Well;
    }

    public Fate EventFate(SimulatedProcess process)
    {
        if (!Suffers(process))
        {
            return Fate.Well;
        }

        double drawn = chance.NextDouble();
        Fate fate = drawn < plan.EventDropped ? Fate.Lost : drawn < plan.EventDropped + plan.EventDoubled ? Fate.Doubled : Fate.Well;
        if (fate != Fate.Well)
        {
            Count.Add(fate == Fate.Lost ? "event-dropped" : "event-doubled");
        }

        return fate;
    }

    /// <summary>A connection that stays open until disposed of, and can be broken with all of its process.</summary>
    public IDisposable Opened(SimulatedProcess process, Action cut)
    {
        if (!open.TryGetValue(process, out HashSet<Connection>? all))
        {
            open[process] = all = [];
        }

        var connection = new Connection(cut, all);
        all.Add(connection);
        return connection;
    }

    public void CutAll(SimulatedProcess process)
    {
        foreach (Connection connection in open.GetValueOrDefault(process)?.ToArray() ?? [])
        {
            connection.Cut();
        }
    }

    private bool Suffers(SimulatedProcess process) => IsStormy && process.Name != World.User && !process.Name.StartsWith(World.KubeletsPrefix, StringComparison.Ordinal);

    private sealed class Connection(Action cut, HashSet<Connection> all) : IDisposable
    {
        public void Cut() => cut();

        public void Dispose() => all.Remove(this);
    }
}
