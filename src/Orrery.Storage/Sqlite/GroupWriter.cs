using System.Runtime.InteropServices;
using Orrery.Storage.Feeds;
using SQLitePCL;

namespace Orrery.Storage.Sqlite;

/// <summary>
/// The one writer: takes all that is waiting, applies it in one SQL transaction, makes that durable with one fsync,
/// publishes it in revision order, and only then answers. While the disk works, the next group gathers. An observer
/// that throws ends the process: memory and disk would no longer agree, and a restart makes them agree.
/// </summary>
internal sealed class GroupWriter : IDisposable
{
    /// <summary>Bounds how long the first of a group waits for the last.</summary>
    private const int MostPerGroup = 512;

    private static readonly TimeSpan ShrinkAfter = TimeSpan.FromSeconds(2);

    private readonly object gate = new();
    private readonly Queue<WriteRequest> waiting = new();
    private readonly WriteSession session;
    private readonly Checkpointer checkpoints;
    private readonly CommitFeed feed;
    private readonly Action<long> onCommitted;
    private readonly Thread thread;

    /// <summary>What a group changed.</summary>
    private readonly List<StoreBatch> made = [];
    private bool isStopping;
    private bool isShrunk;

    /// <param name="onCommitted">Told of the newest revision after each group, on the writer's thread.</param>
    public GroupWriter(WriteSession session, Checkpointer checkpoints, CommitFeed feed, Action<long> onCommitted)
    {
        this.session = session;
        this.checkpoints = checkpoints;
        this.feed = feed;
        this.onCommitted = onCommitted;
        feed.Start(session.Revision);
        thread = new Thread(Loop) { IsBackground = true, Name = "orrery-store-writer" };
        thread.Start();
    }

    /// <summary>SQL transactions made durable so far: one fsync of the log each.</summary>
    public long Groups { get; private set; }

    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void Enqueue(WriteRequest request)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isStopping, typeof(SqliteStore));
            waiting.Enqueue(request);
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Finishes what is queued, then stops.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (isStopping)
            {
                return;
            }

            isStopping = true;
            Monitor.Pulse(gate);
        }

        thread.Join();
        checkpoints.Dispose();
        session.Dispose();
    }

    private void Loop()
    {
        ThreadUrgency.Raise();
        var group = new List<WriteRequest>();
        while (Gather(group))
        {
            if (!TryCommit(group) && group.Count > 1)
            {
                // One request may be what SQLite refused; alone, each gets the answer that is its own.
                foreach (WriteRequest request in group)
                {
                    List<WriteRequest> alone = [request];
                    TryCommit(alone);
                }
            }

            onCommitted(session.Revision);
            group.Clear();
            checkpoints.Note(session);
        }
    }

    private bool Gather(List<WriteRequest> group)
    {
        lock (gate)
        {
            while (group.Count == 0)
            {
                while (waiting.Count > 0 && group.Count < MostPerGroup)
                {
                    WriteRequest request = waiting.Dequeue();
                    if (request.TryTake())
                    {
                        group.Add(request);
                    }
                }

                if (group.Count == 0)
                {
                    if (isStopping)
                    {
                        return false;
                    }

                    if (isShrunk)
                    {
                        Monitor.Wait(gate);
                    }
                    else if (!Monitor.Wait(gate, ShrinkAfter))
                    {
                        // Nothing to do for a while: pages that were read are not kept for it.
                        session.Shrink();
                        isShrunk = true;
                    }
                }
            }

            isShrunk = false;
            return true;
        }
    }

    /// <returns>False when a group of several was rolled back and each should be tried alone.</returns>
    private bool TryCommit(List<WriteRequest> group)
    {
        bool begun = false, committing = false;
        try
        {
            // 1. One SQL transaction for all.
            session.Begin();
            begun = true;
            foreach (WriteRequest request in group)
            {
                request.Run(session);
            }

            // 2. One fsync.
            committing = true;
            session.Commit();
            Groups++;
        }
        catch (SqliteFault fault)
        {
            // A commit that failed while being written may be found, whole, after a crash.
            bool outcomeUnknown = committing && fault.Code == raw.SQLITE_IOERR;
            session.Rollback();

            // Where not even a transaction could be begun (another process has locked the file), none of them is at fault, and each would wait as long again.
            if (group.Count > 1 && begun && !outcomeUnknown)
            {
                return false;
            }

            foreach (WriteRequest request in group)
            {
                request.Fail(fault.ToStoreException("the commit failed", outcomeUnknown));
            }

            return true;
        }
        catch (Exception fault)
        {
            // Not the disk but a request that cannot be applied: a bug, and its caller's to report.
            session.Rollback();
            if (group.Count > 1)
            {
                return false;
            }

            group[0].Fail(fault);
            return true;
        }

        // 3. Publish in revision order, then answer.
        foreach (WriteRequest request in group)
        {
            if (request.Batch is { } batch)
            {
                made.Add(batch);
            }
        }

        feed.Publish(CollectionsMarshal.AsSpan(made));
        made.Clear();

        foreach (WriteRequest request in group)
        {
            request.Complete();
        }

        return true;
    }
}
