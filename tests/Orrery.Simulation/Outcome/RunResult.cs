using System.Text;
using Orrery.Simulation.Faults;

namespace Orrery.Simulation.Outcome;

/// <summary>How a run ended.</summary>
/// <param name="State">The final state of all servers, a line an object, without what differs from run to run by right.</param>
/// <param name="Schedule">What happened, in order.</param>
/// <param name="Faults">What went wrong.</param>
/// <param name="Fault">Why the run has no end; null when it has one.</param>
internal sealed record RunResult(int Seed, FaultPlan Plan, IReadOnlyList<string> State, IReadOnlyList<string> Schedule, FaultCount Faults, Exception? Fault)
{
    /// <summary>Two runs of one seed have the same.</summary>
    public string ScheduleDigest { get; } = Digest(Schedule);

    public string StateDigest { get; } = Digest(State);

    private static string Digest(IEnumerable<string> lines)
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        foreach (string line in lines)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(line));
            hash.AppendData("\n"u8);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }
}
