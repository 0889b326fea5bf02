using Orrery.Simulation.Time;

namespace Orrery.Simulation.Worlds;

/// <summary>One life of a process: what it is called, what it takes for the time, and whether it still lives.</summary>
internal sealed class SimulatedProcess(string name, VirtualTime time)
{
    private readonly CancellationTokenSource stop = new();

    public string Name { get; } = name;

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
