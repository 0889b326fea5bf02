using Orrery.Simulation.Time;

namespace Orrery.Simulation.Worlds;

/// <summary>One life of a process: what it is called, what it takes for the time, and whether it still lives.</summary>
internal sealed class SimulatedProcess(string name, int life, VirtualTime time)
{
    private readonly CancellationTokenSource stop = new();

    public string Name { get; } = name;

    /// <summary>What tells it from all others, also from the next of its name.</summary>
    public string Identity { get; } = $"{name}-{life}";

    /// <summary>Whether it may act, as far as it knows: one of several does.</summary>
    public Func<bool> Leads { get; set; } = () => true;

    public ProcessClock Clock { get; } = new(time);

    public bool IsDead { get; private set; }

    /// <summary>Nothing of it gets through, and nothing gets to it.</summary>
    public bool IsCutOff => CutOffs > 0;

    /// <summary>For how many reasons it is cut off.</summary>
    public int CutOffs { get; set; }

    /// <summary>It was away for so long that its watches cannot be resumed: everything is listed anew.</summary>
    public bool IsBehindHistory { get; set; }

    public CancellationToken Stopping => stop.Token;

    /// <summary>All of it, for whoever waits for its end.</summary>
    public Task Running { get; set; } = Task.CompletedTask;

    /// <summary>From now on it reaches nobody; that it is also told to stop only frees its memory.</summary>
    public void Kill()
    {
        if (!IsDead)
        {
            IsDead = true;
            stop.Cancel();
        }
    }
}
