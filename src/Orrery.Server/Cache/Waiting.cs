using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;

namespace Orrery.Server.Cache;

/// <summary>
/// One wait after the other of the one reader of a <see cref="CacheWatcher"/>, guarded by that one's lock. The framework's <see cref="ManualResetValueTaskSourceCore{TResult}"/> needs none: it exchanges
/// references, and an exchange has the collector of the young look through the surroundings of what it was done in, also where both are old. With thousands of watchers that are told of each
/// change that was half of what it looked through. Here they are plain writes.
/// <para>Whoever follows goes on where it is ended, in no context: a reader is a request.</para>
/// </summary>
internal struct Waiting
{
    private Action<object?>? follower;
    private object? state;
    private OperationCanceledException? fault;
    private CacheWait result;
    private bool isOver;

    /// <summary>Which wait it is.</summary>
    public short Version { get; private set; }

    /// <summary>Begins the next one, under the lock.</summary>
    public void Reset()
    {
        Version++;
        fault = null;
        isOver = false;
    }

    /// <exception cref="InvalidOperationException">It is another wait by now.</exception>
    public readonly ValueTaskSourceStatus Status(Lock gate, short version)
    {
        lock (gate)
        {
            Check(version);
            return !isOver ? ValueTaskSourceStatus.Pending : fault is null ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Canceled;
        }
    }

    /// <exception cref="InvalidOperationException">It is another wait by now, or not over.</exception>
    /// <exception cref="OperationCanceledException">It was ended with that.</exception>
    public readonly CacheWait Result(Lock gate, short version)
    {
        lock (gate)
        {
            Check(version);
            if (!isOver)
            {
                throw new InvalidOperationException("the wait is not over");
            }

            if (fault is not null)
            {
                ExceptionDispatchInfo.Throw(fault);
            }

            return result;
        }
    }

    /// <summary>Lets somebody go on once it is over; by the pool where it is already.</summary>
    /// <exception cref="InvalidOperationException">It is another wait by now, or somebody follows already.</exception>
    public void Follow(Lock gate, Action<object?> next, object? with, short version)
    {
        lock (gate)
        {
            Check(version);
            if (follower is not null)
            {
                throw new InvalidOperationException("a watcher has one reader at a time");
            }

            if (!isOver)
            {
                (follower, state) = (next, with);
                return;
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(next, with, preferLocal: true);
    }

    /// <summary>Ends it. Not under the lock: who follows goes on here.</summary>
    public void End(Lock gate, CacheWait reason, OperationCanceledException? with = null)
    {
        Action<object?>? next;
        object? nextState;
        lock (gate)
        {
            (result, fault, isOver) = (reason, with, true);
            (next, nextState) = (follower, state);
            (follower, state) = (null, null);
        }

        next?.Invoke(nextState);
    }

    private readonly void Check(short version)
    {
        if (version != Version)
        {
            throw new InvalidOperationException("the wait is another one by now");
        }
    }
}
