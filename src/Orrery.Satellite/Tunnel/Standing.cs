using Microsoft.Extensions.Logging;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// Whether the control plane lets this satellite in, as it answers whoever dials. While it does not, nothing else is asked of it, and what would be reported object by object is not even sent: it was
/// revoked, or its DataPlane is gone, and that is said once.
/// </summary>
internal sealed class Standing(ILogger logger)
{
    /// <summary>Refusals in a row: for a moment its roles may be about to come.</summary>
    private const int Verdict = 3;

    private readonly Lock gate = new();
    private int refusals;

    /// <summary>Ends when it is let in again; null while it is.</summary>
    private volatile TaskCompletionSource? shutOut;

    public bool IsShutOut => shutOut is not null;

    /// <summary>At once, unless it is shut out.</summary>
    public Task UntilLetInAsync(CancellationToken cancellationToken) => shutOut?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask;

    public void Refused(string reason)
    {
        lock (gate)
        {
            if (++refusals != Verdict)
            {
                return;
            }

            shutOut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        Log.ShutOut(logger, reason);
    }

    public void LetIn()
    {
        TaskCompletionSource? waited;
        lock (gate)
        {
            refusals = 0;
            waited = shutOut;
            shutOut = null;
        }

        if (waited is not null)
        {
            Log.LetInAgain(logger);
            waited.TrySetResult();
        }
    }
}
