using System.Text;
using Orrery.Storage.Feeds;

namespace Orrery.Storage.Sqlite;

/// <summary>A connection that only reads; each call sees one consistent state of the file.</summary>
internal sealed class ReadSession : IDisposable
{
    private const int RowsPerPage = 512;

    private readonly Database database;
    private readonly Statement bounds;
    private readonly Statement get;
    private readonly Statement range;
    private readonly Statement changedSince;
    private readonly Statement version;
    private readonly Statement log;

    public ReadSession(Database database)
    {
        this.database = database;
        bounds = database.Prepare("SELECT (SELECT value FROM meta WHERE name='compacted'), (SELECT max(id) FROM log)");
        get = database.Prepare("SELECT k.id, l.created, l.value FROM keys k JOIN log l ON l.id = k.id WHERE k.key = ?1 AND l.value IS NOT NULL");
        range = database.Prepare(
            "SELECT k.key, k.id, l.created, l.value FROM keys k CROSS JOIN log l ON l.id = k.id WHERE k.key >= ?1 AND k.key < ?2 ORDER BY k.key");
        changedSince = database.Prepare(
            "SELECT key, previous, min(id) FROM log WHERE id > ?1 AND key >= ?2 AND key < ?3 GROUP BY key");
        version = database.Prepare("SELECT created, value FROM log WHERE id = ?1");
        log = database.Prepare(
            "SELECT l.id, l.key, l.created, l.value, l.previous, p.created, p.value FROM log l LEFT JOIN log p ON p.id = l.previous WHERE l.id > ?1 AND l.id <= ?2 ORDER BY l.id");
    }

    public StoredValue? Get(string key)
    {
        try
        {
            get.Bind(1, key);
            return get.Step() ? Value(key, get.Long(0), get.Long(1), get.Bytes(2)) : null;
        }
        finally
        {
            get.Reset();
        }
    }

    /// <param name="revision">Zero for the newest state.</param>
    /// <exception cref="ArgumentOutOfRangeException">The revision has not been reached.</exception>
    public RangeResult Range(string prefix, string? startAfter, int limit, long revision)
    {
        using Snapshot snapshot = Open();
        (long compacted, long newest) = snapshot;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(revision, newest);
        if (revision != 0 && revision < compacted)
        {
            return new RangeResult([], newest, HasMore: false, IsCompacted: true);
        }

        // 1. For the past: what each key that changed since was then.
        bool isPast = revision != 0 && revision < newest;
        KeyBounds bounds = KeyBounds.Of(prefix, startAfter);
        Dictionary<string, long> then = isPast ? ChangedSince(revision, bounds) : [];

        // 2. The newest state in order, with the past laid over it. A deleted key still has its row until compaction
        // passes it, so every key that lived at that revision is met here.
        var items = new List<StoredValue>();
        try
        {
            range.Bind(1, bounds.From).Bind(2, bounds.To);
            while (range.Step())
            {
                string key = range.Text(0);
                StoredValue? value = then.TryGetValue(key, out long past)
                    ? Version(key, past)
                    : range.IsNull(3) ? null : Value(key, range.Long(1), range.Long(2), range.Bytes(3));
                if (value is null)
                {
                    continue;
                }

                if (limit > 0 && items.Count == limit)
                {
                    return new RangeResult(items, isPast ? revision : newest, HasMore: true);
                }

                items.Add(value);
            }
        }
        finally
        {
            range.Reset();
        }

        return new RangeResult(items, isPast ? revision : newest, HasMore: false);
    }

    /// <exception cref="CompactedException">Changes after that revision are no longer all there.</exception>
    public LogPage ReadLog(string prefix, long after, long upTo)
    {
        using Snapshot snapshot = Open();
        if (after < snapshot.Compacted)
        {
            throw new CompactedException(snapshot.Compacted);
        }

        byte[] wanted = Encoding.UTF8.GetBytes(prefix);
        var batches = new List<StoreBatch>();
        var events = new List<StoreEvent>();
        long at = after;
        int rows = 0;
        try
        {
            log.Bind(1, Schema.LastId(after)).Bind(2, Schema.LastId(upTo));
            while (log.Step())
            {
                long revision = Schema.RevisionOf(log.Long(0));
                if (revision != at)
                {
                    Flush(at);
                    if (rows >= RowsPerPage)
                    {
                        return new LogPage(batches, at);
                    }

                    at = revision;
                }

                rows++;
                if (log.Bytes(1).StartsWith(wanted))
                {
                    events.Add(Change(revision));
                }
            }
        }
        finally
        {
            log.Reset();
        }

        Flush(at);
        return new LogPage(batches, upTo);

        void Flush(long revision)
        {
            if (events.Count > 0)
            {
                batches.Add(new StoreBatch(revision, events.ToArray()));
                events.Clear();
            }
        }
    }

    /// <summary>Gives back the memory of cached pages.</summary>
    public void Shrink() => database.Shrink();

    public void Dispose()
    {
        foreach (Statement statement in (ReadOnlySpan<Statement>)[bounds, get, range, changedSince, version, log])
        {
            statement.Dispose();
        }

        database.Dispose();
    }

    private static StoredValue Value(string key, long id, long created, ReadOnlySpan<byte> value) =>
        new(key, value.ToArray(), Schema.RevisionOf(id), created);

    private StoreEvent Change(long revision)
    {
        string key = log.Text(1);
        StoredValue? value = log.IsNull(3) ? null : new StoredValue(key, log.Bytes(3).ToArray(), revision, log.Long(2));
        StoredValue? previous = log.Long(4) == 0 ? null : Value(key, log.Long(4), log.Long(5), log.Bytes(6));
        return new StoreEvent(key, value, previous);
    }

    private Dictionary<string, long> ChangedSince(long revision, KeyBounds bounds)
    {
        var then = new Dictionary<string, long>(StringComparer.Ordinal);
        try
        {
            changedSince.Bind(1, Schema.LastId(revision)).Bind(2, bounds.From).Bind(3, bounds.To);
            while (changedSince.Step())
            {
                then.Add(changedSince.Text(0), changedSince.Long(1));
            }
        }
        finally
        {
            changedSince.Reset();
        }

        return then;
    }

    private StoredValue? Version(string key, long id)
    {
        if (id == 0)
        {
            return null;
        }

        try
        {
            version.Bind(1, id);
            return version.Step() ? Value(key, id, version.Long(0), version.Bytes(1)) : throw new StoreException($"a version of {key} is missing", outcomeUnknown: false);
        }
        finally
        {
            version.Reset();
        }
    }

    private Snapshot Open()
    {
        database.Execute("BEGIN");
        try
        {
            bounds.Step();
            long compacted = bounds.Long(0);
            return new Snapshot(database, compacted, Math.Max(compacted, Schema.RevisionOf(bounds.Long(1))));
        }
        catch
        {
            database.Execute("ROLLBACK");
            throw;
        }
        finally
        {
            bounds.Reset();
        }
    }

    /// <summary>A read transaction: the file as it was when this began.</summary>
    private readonly record struct Snapshot(Database Database, long Compacted, long Newest) : IDisposable
    {
        public void Deconstruct(out long compacted, out long newest) => (compacted, newest) = (Compacted, Newest);

        public void Dispose() => Database.Execute("ROLLBACK");
    }
}
