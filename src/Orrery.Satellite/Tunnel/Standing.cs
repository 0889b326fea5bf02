using Microsoft.Extensions.Logging;
using Orrery.Api;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// Whether the control plane lets this satellite in, as it answers whoever dials. While it does not, nothing else is asked of it, and what would be reported object by object is not even sent: it was
/// revoked, its DataPlane is gone, or another satellite is connected in its place, and that is said once.
/// </summary>
internal sealed class Standing(ILogger logger)
{
    /// <summary>Refusals in a row: for a moment its roles may be about to come.</summary>
    private const int Verdict = 3;

    private readonly Lock gate = new();
    private int refusals;

    /// <summary>Ends when it is let in again; null while it is.</summary>
    private volatile TaskCompletionSource? shutOut;

    /// <summary>Ends when the control plane says that another satellite is connected; another one once it says anything else, or nothing.</summary>
    private volatile TaskCompletionSource second = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsShutOut => shutOut is not null;

    /// <summary>Whether the control plane, when it was last dialled, said that another satellite of the data plane is connected.</summary>
    public bool IsSecond => second.Task.IsCompleted;

    /// <summary>Until <see cref="IsSecond"/>.</summary>
    public Task UntilSecondAsync(CancellationToken cancellationToken) => second.Task.WaitAsync(cancellationToken);

    /// <summary>At once, unless it is shut out.</summary>
    public Task UntilLetInAsync(CancellationToken cancellationToken) => shutOut?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>It was not let in, for whatever reason.</summary>
    /// <param name="hadJoined">Whether it was let in before: one that never was is not shut out, but not let in yet.</param>
    public void Answered(Exception fault, bool hadJoined)
    {
        if (fault is StatusException { Code: 409 })
        {
            StandBy(fault.Message);
            return;
        }

        NotSecond();
        if (fault is StatusException { Code: 401 or 403 } && hadJoined)
        {
            Refused(fault.Message);
        }
    }

    public void Refused(string reason)
    {
        lock (gate)
        {
            if (++refusals != Verdict || IsShutOut)
            {
                return;
            }

            shutOut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        Log.ShutOut(logger, reason);
    }

    /// <summary>Another is connected, which needs no second word.</summary>
    private void StandBy(string reason)
    {
        bool isNew;
        lock (gate)
        {
            isNew = !IsShutOut;
            shutOut ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        if (isNew)
        {
            Log.StandsBy(logger, reason);
        }

        second.TrySetResult();
    }

    private void NotSecond()
    {
        if (IsSecond)
        {
            second = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
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

        NotSecond();

        if (waited is not null)
        {
            Log.LetInAgain(logger);
            waited.TrySetResult();
        }
    }
}
