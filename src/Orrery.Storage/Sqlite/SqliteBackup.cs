using System.Runtime.CompilerServices;
using Orrery.Storage.Backup;

namespace Orrery.Storage.Sqlite;

/// <summary>Backup and restore of a store in a file.</summary>
public static class SqliteBackup
{
    /// <summary>
    /// Reads a store at one moment, also while a server uses it: SQLite shows this one connection one state, and keeps nobody from writing.
    /// </summary>
    /// <exception cref="StoreException">There is no store, or it cannot be read.</exception>
    public static SqliteSnapshot Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new StoreException($"there is no store at {path}", outcomeUnknown: false);
        }

        Database? database = null;
        try
        {
            database = Database.Open(path, readOnly: true);
            Schema.Check(database, path);
            database.Execute("BEGIN");
            return new SqliteSnapshot(database, Schema.NewestRevision(database));
        }
        catch (SqliteFault fault)
        {
            database?.Dispose();
            throw fault.ToStoreException($"{path} cannot be read");
        }
        catch
        {
            database?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Makes a store of a backup's objects where there is none. They keep their resourceVersions; the revision of the store is far beyond, and
    /// all before it is forgotten, so that watches begin anew. Nothing is there until all is.
    /// </summary>
    /// <exception cref="StoreException">There is a store already, or the file cannot be written.</exception>
    public static async Task RestoreAsync(string path, BackupHeader header, IAsyncEnumerable<StoredValue> items, CancellationToken cancellationToken)
    {
        path = Path.GetFullPath(path);
        using var fileLock = FileLock.Take(path);
        if (File.Exists(path))
        {
            throw new StoreException($"there is a store at {path} already; a backup is restored where there is none", outcomeUnknown: false);
        }

        string draft = path + ".restoring";
        Discard(draft);
        try
        {
            PrivateFile.Ensure(draft);
            using (var database = Database.Open(draft, readOnly: false))
            {
                Schema.Configure(database);
                Schema.Prepare(database, draft);
                await FillAsync(database, header, items, cancellationToken).ConfigureAwait(false);

                // One file, and on disk, before it gets its name.
                database.Scalar("PRAGMA wal_checkpoint(TRUNCATE)");
            }

            using (var written = new FileStream(draft, FileMode.Open, FileAccess.ReadWrite))
            {
                written.Flush(flushToDisk: true);
            }

            // What a store that is gone left beside it (its log, after a crash) is not of this one, and SQLite would lay it over it.
            Discard(path);
            File.Move(draft, path);
        }
        catch (SqliteFault fault)
        {
            throw fault.ToStoreException($"{path} cannot be restored");
        }
        finally
        {
            Discard(draft);
        }
    }

    private static async Task FillAsync(Database database, BackupHeader header, IAsyncEnumerable<StoredValue> items, CancellationToken cancellationToken)
    {
        database.Execute("BEGIN IMMEDIATE");
        using (Statement append = database.Prepare("INSERT INTO log (id, key, created, previous, value) VALUES (?1, ?2, ?3, 0, ?4)"))
        using (Statement point = database.Prepare("INSERT INTO keys (key, id) VALUES (?1, ?2)"))
        {
            // Objects written by one transaction share its revision; each takes a place of its own in it.
            var places = new Dictionary<long, int>();
            await foreach (StoredValue item in items.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                int place = places.GetValueOrDefault(item.ModRevision);
                places[item.ModRevision] = place + 1;
                long id = Schema.Id(item.ModRevision, place);
                append.Bind(1, id).Bind(2, item.Key).Bind(3, item.CreateRevision).BindBlob(4, item.Value.Span).Run();
                point.Bind(1, item.Key).Bind(2, id).Run();
            }
        }

        using (Statement forget = database.Prepare("UPDATE meta SET value = ?1 WHERE name IN ('compacted', 'swept')"))
        {
            forget.Bind(1, header.RestoredRevision).Run();
        }

        database.Execute("COMMIT");
    }

    private static void Discard(string store)
    {
        foreach (string suffix in (ReadOnlySpan<string>)["", "-wal", "-shm"])
        {
            File.Delete(store + suffix);
        }
    }
}

/// <summary>A store as it was at one moment.</summary>
public sealed class SqliteSnapshot : IDisposable
{
    private readonly Database database;

    internal SqliteSnapshot(Database database, long revision)
    {
        this.database = database;
        Revision = revision;
    }

    public long Revision { get; }

    /// <summary>All live keys in key order.</summary>
    /// <exception cref="StoreException">SQLite failed.</exception>
    public async IAsyncEnumerable<StoredValue> ItemsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using Statement all = Prepare();
        while (Next(all))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new StoredValue(all.Text(0), all.Bytes(3).ToArray(), Schema.RevisionOf(all.Long(1)), all.Long(2));
        }

        await Task.CompletedTask;
    }

    public void Dispose() => database.Dispose();

    private Statement Prepare()
    {
        try
        {
            return database.Prepare("SELECT k.key, k.id, l.created, l.value FROM keys k CROSS JOIN log l ON l.id = k.id WHERE l.value IS NOT NULL ORDER BY k.key");
        }
        catch (SqliteFault fault)
        {
            throw fault.ToStoreException("reading failed");
        }
    }

    private static bool Next(Statement all)
    {
        try
        {
            return all.Step();
        }
        catch (SqliteFault fault)
        {
            throw fault.ToStoreException("reading failed");
        }
    }
}
