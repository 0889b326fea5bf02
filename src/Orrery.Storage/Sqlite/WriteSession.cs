namespace Orrery.Storage.Sqlite;

/// <summary>
/// The one connection that writes, and what it does within the SQL transaction of a group: several of our
/// transactions, one after the other, each seeing those before it.
/// </summary>
internal sealed class WriteSession : IDisposable
{
    private readonly Database database;
    private readonly Statement begin;
    private readonly Statement commit;
    private readonly Statement find;
    private readonly Statement append;
    private readonly Statement point;
    private readonly Statement note;
    private readonly Compactor compactor;
    private RevisionMark? unwritten;
    private long committed;
    private long revision;

    public WriteSession(Database database)
    {
        this.database = database;
        begin = database.Prepare("BEGIN IMMEDIATE");
        commit = database.Prepare("COMMIT");
        find = database.Prepare("SELECT k.id, l.created, l.value FROM keys k JOIN log l ON l.id = k.id WHERE k.key = ?1 AND l.value IS NOT NULL");
        append = database.Prepare("INSERT INTO log (id, key, created, previous, value) VALUES (?1, ?2, ?3, ?4, ?5)");
        point = database.Prepare("INSERT INTO keys (key, id) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET id = excluded.id");
        note = database.Prepare("INSERT INTO meta (name, value) VALUES ('marked', ?1), ('markedAt', ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
        compactor = new Compactor(database);
        Mark = Schema.ReadMark(database);
        unwritten = null;
        committed = revision = Schema.NewestRevision(database);
    }

    /// <summary>The newest revision on disk.</summary>
    public long Revision => committed;

    /// <summary>What was noted last of how old a revision is; null in a store that has nothing noted yet. What is set goes to disk with the next group.</summary>
    public RevisionMark? Mark
    {
        get;
        set
        {
            if (field != value)
            {
                field = unwritten = value;
            }
        }
    }

    public void Begin() => begin.Run();

    /// <summary>Makes the group durable: this is the one fsync.</summary>
    public void Commit()
    {
        if (unwritten is { } mark)
        {
            note.Bind(1, mark.Revision).Bind(2, mark.At.ToUnixTimeMilliseconds()).Run();
        }

        commit.Run();
        unwritten = null;
        committed = revision;
    }

    /// <returns>Pages written to the log since this was asked last.</returns>
    public int TakeWritten() => database.TakeWritten();

    /// <summary>Brings what the log holds into the file.</summary>
    /// <returns>Pages that could not be brought there now.</returns>
    public int Checkpoint()
    {
        try
        {
            return database.Checkpoint();
        }
        catch (SqliteFault)
        {
            // Nothing was lost, and nothing depends on it now: it is tried again once the log has grown.
            return int.MaxValue;
        }
    }

    /// <summary>Gives back the memory of cached pages.</summary>
    public void Shrink() => database.Shrink();

    public void Rollback()
    {
        if (!database.IsIdle)
        {
            database.Execute("ROLLBACK");
        }

        revision = committed;
    }

    /// <returns>The result, and the batch when something changed.</returns>
    public (CommitResult Result, StoreBatch? Batch) Apply(Transaction transaction)
    {
        // Most transactions write the very key that they put a condition on; it is read once.
        string? lastKey = null;
        Version last = default;
        foreach (Condition condition in transaction.Conditions)
        {
            (lastKey, last) = (condition.Key, Find(condition.Key));
            if ((last.Value?.ModRevision ?? 0) != condition.ModRevision)
            {
                return (new CommitResult(false, revision, condition, last.Value), null);
            }
        }

        long next = revision + 1;
        var events = new List<StoreEvent>(transaction.Writes.Count);
        foreach (Write write in transaction.Writes)
        {
            (long previousId, StoredValue? previous) = write.Key == lastKey ? last : Find(write.Key);
            if (write.Value is null && previous is null)
            {
                continue;
            }

            long id = Schema.Id(next, events.Count);
            long created = previous?.CreateRevision ?? next;
            Append(id, write, created, previousId);
            events.Add(new StoreEvent(
                write.Key,
                write.Value is { } bytes ? new StoredValue(write.Key, bytes, next, created) : null,
                previous));
        }

        if (events.Count == 0)
        {
            return (new CommitResult(true, revision), null);
        }

        revision = next;
        return (new CommitResult(true, next), new StoreBatch(next, events));
    }

    /// <summary>Does a small part of a compaction.</summary>
    /// <returns>True when nothing is left to do.</returns>
    public bool Compact(long target) => compactor.Step(target);

    public void Dispose()
    {
        begin.Dispose();
        commit.Dispose();
        find.Dispose();
        append.Dispose();
        point.Dispose();
        note.Dispose();
        compactor.Dispose();
        database.Dispose();
    }

    private Version Find(string key)
    {
        find.Bind(1, key);
        try
        {
            if (!find.Step())
            {
                return default;
            }

            long id = find.Long(0);
            return new Version(id, new StoredValue(key, find.Bytes(2).ToArray(), Schema.RevisionOf(id), find.Long(1)));
        }
        finally
        {
            find.Reset();
        }
    }

    private void Append(long id, Write write, long created, long previousId)
    {
        append.Bind(1, id).Bind(2, write.Key).Bind(3, created).Bind(4, previousId);
        (write.Value is { } value ? append.BindBlob(5, value.Span) : append.BindNull(5)).Run();
        point.Bind(1, write.Key).Bind(2, id).Run();
    }

    /// <summary>A live version and its id; zero and null when the key is absent.</summary>
    private readonly record struct Version(long Id, StoredValue? Value);
}
