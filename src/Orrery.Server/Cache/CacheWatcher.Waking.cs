using System.Threading.Tasks.Sources;

namespace Orrery.Server.Cache;

/// <summary>How its reader, which waits, goes on.</summary>
internal sealed partial class CacheWatcher : IValueTaskSource<CacheWait>, IThreadPoolWorkItem
{
    void IThreadPoolWorkItem.Execute() => Wake();

    CacheWait IValueTaskSource<CacheWait>.GetResult(short token)
    {
        // Waits out a cancellation that is just running, so that it cannot strike the next wait.
        cancellation.Dispose();
        return waiter.Result(gate, token);
    }

    ValueTaskSourceStatus IValueTaskSource<CacheWait>.GetStatus(short token) => waiter.Status(gate, token);

    void IValueTaskSource<CacheWait>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        waiter.Follow(gate, continuation, state, token);

    /// <summary>Looks whether there is something to wake its reader for.</summary>
    /// <returns>False when the reader goes on waiting.</returns>
    internal bool WakesUp()
    {
        lock (gate)
        {
            if (isWaiting && Peek() is not null)
            {
                Complete(CacheWait.Events);
            }

            return !isWaiting;
        }
    }

    private void Cancel(CancellationToken token)
    {
        lock (gate)
        {
            if (isWaiting)
            {
                cancelledBy = token;
                Complete(default);
            }
        }
    }

    /// <summary>Lets its reader go on, here and now.</summary>
    /// <param name="since">What to say to those whose turn it was, once the reader has sent what there is.</param>
    /// <param name="waits">See <see cref="WaitsForClient"/>.</param>
    internal void Wake(int since = 0, bool waits = true)
    {
        WaitsForClient = waits;
        if (cancelledBy is { } token)
        {
            cancelledBy = null;
            turns?.Done(since);
            waiter.End(gate, default, new OperationCanceledException(token));
            return;
        }

        if (woken == CacheWait.Events && turns is not null)
        {
            wokenSince = since;
        }
        else
        {
            turns?.Done(since);
        }

        waiter.End(gate, woken);
    }

    private void EndTurn()
    {
        if (wokenSince is { } since)
        {
            wokenSince = null;
            turns!.Done(since);
        }
    }

    /// <summary>Only says that the wait is over: the caller holds locks.</summary>
    private void Complete(CacheWait reason)
    {
        if (!isWaiting)
        {
            return;
        }

        isWaiting = false;
        woken = reason;
        if (turns is not null)
        {
            turns.Add(this);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
        }
    }
}
