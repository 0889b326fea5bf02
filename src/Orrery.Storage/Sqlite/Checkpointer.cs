namespace Orrery.Storage.Sqlite;

/// <summary>
/// Brings what the write-ahead log holds into the file, so that the log begins anew and does not grow. That is some thousand pages and two waits for the disk, 30 ms or so; it is done beside the writer,
/// by a thread and a connection of its own. What the writer has added meanwhile is little, and is left to the writer between two groups: the log can begin anew only where nothing of it is left to do.
/// </summary>
internal sealed class Checkpointer : IDisposable
{
    /// <summary>Pages in the log from which on it is to begin anew: 16 MB.</summary>
    internal const int Due = 4_000;

    /// <summary>What is left of the log is the writer's from here on: about a millisecond.</summary>
    private const int Few = 400;

    /// <summary>What could not be done, as a reader still reads what came before or as the disk is full, is tried again after so many more pages.</summary>
    private const int Pause = 1_000;

    /// <summary>So long the log may become while the thread that this is for gets no processor; then the writer waits for it, and does the rest.</summary>
    private const int Most = 3 * Due;

    private readonly object gate = new();

    /// <summary>Held while the file is written to.</summary>
    private readonly object pass = new();
    private readonly string path;
    private readonly TimeSpan patience;
    private readonly Thread thread;
    private bool isWanted;
    private bool isStopping;
    private volatile bool isNearlyDone;
    private long logged;
    private long next = Due;

    public Checkpointer(string path, TimeSpan patience)
    {
        this.path = path;
        this.patience = patience;
        thread = new Thread(Loop) { IsBackground = true, Name = "orrery-checkpoints" };
        thread.Start();
    }

    /// <summary>By the writer, after each group.</summary>
    public void Note(WriteSession writer)
    {
        logged += writer.TakeWritten();
        if (isNearlyDone || (logged >= Most && logged >= next))
        {
            isNearlyDone = false;
            next = logged + Pause;
            lock (pass)
            {
                if (writer.Checkpoint() == 0)
                {
                    // The next group begins the log anew, unless somebody reads.
                    logged = 0;
                    next = Due;
                }
            }
        }
        else if (logged >= next)
        {
            next = logged + Pause;
            lock (gate)
            {
                isWanted = true;
                Monitor.Pulse(gate);
            }
        }
    }

    /// <summary>Waits for what is under way.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            isStopping = true;
            Monitor.Pulse(gate);
        }

        thread.Join();
    }

    private void Loop()
    {
        Database? database = null;
        while (IsWanted())
        {
            try
            {
                database ??= Database.Open(path, readOnly: false, patience);
                int left = Pass(database);
                for (int before = int.MaxValue; left > Few && left < before && !Volatile.Read(ref isStopping);)
                {
                    before = left;
                    left = Pass(database);
                }

                isNearlyDone = left <= Few;
            }
            catch (SqliteFault)
            {
                // The log stays as long as it is, and commits do not hang on that; where the disk is full, they say so themselves. The next pages bring another attempt.
                database?.Dispose();
                database = null;
            }
        }

        database?.Dispose();
    }

    private int Pass(Database database)
    {
        lock (pass)
        {
            return database.Checkpoint();
        }
    }

    /// <returns>False when the store is closed.</returns>
    private bool IsWanted()
    {
        lock (gate)
        {
            while (!isWanted && !isStopping)
            {
                Monitor.Wait(gate);
            }

            isWanted = false;
            return !isStopping;
        }
    }
}
