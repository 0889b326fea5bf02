namespace Orrery.Server.Cache;

/// <summary>Those who wait until a revision has been seen.</summary>
internal sealed class RevisionWaiters
{
    private readonly Lock gate = new();
    private readonly PriorityQueue<TaskCompletionSource, long> waiting = new();
    private long seen;
    private Exception? closed;

    public long Seen => Volatile.Read(ref seen);

    public ValueTask WaitForAsync(long revision, CancellationToken cancellationToken)
    {
        if (Seen >= revision)
        {
            return ValueTask.CompletedTask;
        }

        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (seen >= revision)
            {
                return ValueTask.CompletedTask;
            }

            if (closed is not null)
            {
                return ValueTask.FromException(closed);
            }

            waiting.Enqueue(waiter, revision);
        }

        return new ValueTask(WaitAsync(waiter, cancellationToken));
    }

    private async Task WaitAsync(TaskCompletionSource waiter, CancellationToken cancellationToken)
    {
        try
        {
            await waiter.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The revision may never come: clients name any number they like.
            lock (gate)
            {
                waiting.Remove(waiter, out _, out _);
            }

            throw;
        }
    }

    /// <summary>Those who wait now.</summary>
    internal int Count
    {
        get
        {
            lock (gate)
            {
                return waiting.Count;
            }
        }
    }

    public void Advance(long revision)
    {
        lock (gate)
        {
            Volatile.Write(ref seen, revision);
            while (waiting.TryPeek(out TaskCompletionSource? waiter, out long wanted) && wanted <= revision)
            {
                waiting.Dequeue();
                waiter.SetResult();
            }
        }
    }

    public void Close(Exception reason)
    {
        lock (gate)
        {
            closed = reason;
            while (waiting.TryDequeue(out TaskCompletionSource? waiter, out _))
            {
                waiter.SetException(reason);
            }
        }
    }
}
