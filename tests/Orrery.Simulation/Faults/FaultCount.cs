using System.Text.RegularExpressions;

namespace Orrery.Simulation.Faults;

/// <summary>What went wrong in some runs, how often, and at which writes processes were killed: a simulation in which little goes wrong proves little.</summary>
internal sealed partial class FaultCount
{
    private readonly SortedDictionary<string, int> faults = new(StringComparer.Ordinal);
    private readonly Writes controllers = new();
    private readonly Writes satellites = new();

    /// <summary>What was written, each once, in the order in which it was first.</summary>
    public IReadOnlyList<string> ControllerWrites => controllers.All;

    public IReadOnlyList<string> SatelliteWrites => satellites.All;

    /// <summary>Writes at which nobody was killed.</summary>
    public IEnumerable<string> Spared => controllers.Spared.Select(w => "controllers " + w).Concat(satellites.Spared.Select(w => "satellites " + w));

    public string Killed => $"killed at different writes: controllers={controllers} satellites={satellites}";

    public void Add(Fate fate)
    {
        switch (fate)
        {
            case Fate.Well:
                break;
            case Fate.Crash:
                Add("killed-before-write");
                break;
            case Fate.CrashAfter:
                Add("killed-after-write");
                break;
            default:
                Add(fate.ToString().ToLowerInvariant());
                break;
        }
    }

    public void Add(string fault, int times = 1) => faults[fault] = faults.GetValueOrDefault(fault) + times;

    /// <returns>The step, and how often it was taken by now.</returns>
    public (string Step, int Time) Write(bool isController, string what)
    {
        // The same object is the same step in each run, whatever was drawn for its name.
        string step = Drawn().Replace(what, "-*");
        return (step, (isController ? controllers : satellites).Count(step));
    }

    public void Kill(bool isController, string step) => (isController ? controllers : satellites).Killed.Add(step);

    /// <summary>What another run came to. Its writes count only where it had no faults: others come of the faults, and not each run has them.</summary>
    /// <param name="about">What the other's writes are about; a write is another one in another chapter.</param>
    public void Add(FaultCount other, string about, bool isCalm)
    {
        foreach ((string fault, int times) in other.faults)
        {
            Add(fault, times);
        }

        controllers.Add(other.controllers, about, isCalm);
        satellites.Add(other.satellites, about, isCalm);
    }

    public override string ToString() => string.Join(' ', faults.Select(f => $"{f.Key}={f.Value}"));

    private sealed class Writes
    {
        private readonly Dictionary<string, int> times = new(StringComparer.Ordinal);

        public List<string> All { get; } = [];

        public HashSet<string> Killed { get; } = new(StringComparer.Ordinal);

        public IEnumerable<string> Spared => All.Except(Killed);

        public int Count(string step)
        {
            int time = times[step] = times.GetValueOrDefault(step) + 1;
            if (time == 1)
            {
                All.Add(step);
            }

            return time;
        }

        public void Add(Writes other, string about, bool isCalm)
        {
            All.AddRange(isCalm ? other.All.Select(w => about + w) : []);
            Killed.UnionWith(other.Killed.Select(w => about + w));
        }

        public override string ToString() => $"{All.Count(Killed.Contains)}/{All.Count}";
    }

    [GeneratedRegex("-([0-9a-f]{8,}|[bcdfghjklmnpqrstvwxz2456789]{5}(?![a-z0-9]))|[?].*")]
    private static partial Regex Drawn();
}
