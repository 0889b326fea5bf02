namespace Orrery.Storage.Sqlite;

/// <summary>Something the writer does within a group. It may be run again when the group it was in could not be committed.</summary>
internal abstract class WriteRequest
{
    private int state;

    private enum State
    {
        Queued,
        Taken,
        Withdrawn,
    }

    /// <summary>Claims it for a group.</summary>
    /// <returns>False when its caller has withdrawn it.</returns>
    public bool TryTake() => Interlocked.CompareExchange(ref state, (int)State.Taken, (int)State.Queued) == (int)State.Queued;

    /// <summary>Applies it; its effects count only once <see cref="Complete"/> is called.</summary>
    public abstract void Run(WriteSession session);

    /// <summary>What it changed; after <see cref="Run"/>.</summary>
    public virtual StoreBatch? Batch => null;

    /// <summary>Answers the caller, after the group is durable and was published.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception fault);

    /// <returns>False when the writer has it already and will answer.</returns>
    protected bool TryWithdraw() => Interlocked.CompareExchange(ref state, (int)State.Withdrawn, (int)State.Queued) == (int)State.Queued;
}

internal sealed class CommitRequest(Transaction transaction) : WriteRequest
{
    private readonly TaskCompletionSource<CommitResult> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CommitResult result;
    private StoreBatch? batch;

    public override StoreBatch? Batch => batch;

    public override void Run(WriteSession session) => (result, batch) = session.Apply(transaction);

    public override void Complete() => answer.TrySetResult(result);

    public override void Fail(Exception fault) => answer.TrySetException(fault);

    /// <summary>The answer. Cancelling works until the writer takes it; from then on the answer comes anyway, and soon.</summary>
    public ValueTask<CommitResult> WaitAsync(CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled ? WaitCancellablyAsync(cancellationToken) : new ValueTask<CommitResult>(answer.Task);

    private async ValueTask<CommitResult> WaitCancellablyAsync(CancellationToken cancellationToken)
    {
        await using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (self, token) =>
            {
                var request = (CommitRequest)self!;
                if (request.TryWithdraw())
                {
                    request.answer.TrySetCanceled(token);
                }
            },
            this);
        return await answer.Task;
    }
}

/// <summary>One step of a compaction.</summary>
internal sealed class CompactRequest(long target) : WriteRequest
{
    private readonly TaskCompletionSource<bool> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isDone;

    /// <summary>True when nothing is left to do.</summary>
    public Task<bool> Answer => answer.Task;

    public override void Run(WriteSession session) => isDone = session.Compact(target);

    public override void Complete() => answer.TrySetResult(isDone);

    public override void Fail(Exception fault) => answer.TrySetException(fault);
}
