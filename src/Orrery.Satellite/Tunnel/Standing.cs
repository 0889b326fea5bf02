using Microsoft.Extensions.Logging;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// Whether the control plane lets this satellite in, as it answers whoever dials. While it does not, what would be reported object by object is not even sent: it was revoked, or its DataPlane is gone,
/// and that is said once.
/// </summary>
internal sealed class Standing(ILogger logger)
{
    /// <summary>Refusals in a row: for a moment its roles may be about to come.</summary>
    private const int Verdict = 3;

    private int refusals;

    public bool IsShutOut => Volatile.Read(ref refusals) >= Verdict;

    public void Refused(string reason)
    {
        if (Interlocked.Increment(ref refusals) == Verdict)
        {
            Log.ShutOut(logger, reason);
        }
    }

    public void LetIn()
    {
        if (Interlocked.Exchange(ref refusals, 0) >= Verdict)
        {
            Log.LetInAgain(logger);
        }
    }
}
