namespace Orrery.Simulation.Faults;

/// <summary>A write at which the process that sends it is killed.</summary>
/// <param name="Step">Method and path, as <see cref="FaultCount"/> counts them.</param>
/// <param name="Time">The how manieth of that kind, counted from 1, over all lives of such processes.</param>
/// <param name="IsDone">Whether the server has done it by then.</param>
internal sealed record CrashPoint(string Step, int Time, bool IsDone)
{
    public override string ToString() => $"{(IsDone ? "after" : "before")}({Step}{(Time > 1 ? $" #{Time}" : "")})";
}
