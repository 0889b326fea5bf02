namespace Orrery.Simulation.Faults;

/// <summary>What becomes of one request, or of one event of a watch.</summary>
internal enum Fate
{
    Well,
    Lost,
    Unanswered,
    Refused,
    Conflict,
    Expired,
    Doubled,

    /// <summary>The process that sent it is killed before the server has it.</summary>
    Crash,

    /// <summary>The process that sent it is killed once the server did it, before it knows.</summary>
    CrashAfter,
}
