using Orrery.Storage.Feeds;

namespace Orrery.Storage.Sqlite;

/// <summary>
/// A store in one SQLite file, for one process at a time. A commit is acknowledged when the write-ahead log holding it
/// is on disk (<c>synchronous=FULL</c>); commits that arrive together share that write.
/// </summary>
public sealed class SqliteStore : ILocalStore
{
    private readonly FileLock fileLock;
    private readonly CommitFeed feed = new();
    private readonly RetentionPolicy retention;
    private readonly WriteSession session;
    private readonly GroupWriter writer;
    private readonly ReadSessions readers;
    private Task compacting = Task.CompletedTask;

    private SqliteStore(FileLock fileLock, WriteSession session, string path, TimeProvider time, TimeSpan patience)
    {
        this.fileLock = fileLock;
        this.session = session;
        retention = new RetentionPolicy(time, session.Mark, session.Revision);
        session.Mark = retention.Mark;
        readers = new ReadSessions(path);
        writer = new GroupWriter(session, new Checkpointer(path, patience), feed, OnCommitted);
    }

    /// <summary>Times that this store waited for the disk to make commits durable.</summary>
    internal long Groups => writer.Groups;

    /// <summary>Opens the store at that path; makes it, readable by its owner only, where there is none.</summary>
    /// <exception cref="StoreException">It cannot be opened, is in use, or is not a store.</exception>
    public static SqliteStore Open(string path, TimeProvider time) => Open(path, time, mostPages: 0, Database.Patience);

    /// <param name="mostPages">Lets the file grow to that many pages only; zero for no bound.</param>
    internal static SqliteStore Open(string path, TimeProvider time, int mostPages) => Open(path, time, mostPages, Database.Patience);

    /// <param name="mostPages">Lets the file grow to that many pages only; zero for no bound.</param>
    /// <param name="patience">How long a group of commits waits for another process that has locked the file.</param>
    internal static SqliteStore Open(string path, TimeProvider time, int mostPages, TimeSpan patience)
    {
        path = Path.GetFullPath(path);
        var fileLock = FileLock.Take(path);
        Database? database = null;
        try
        {
            PrivateFile.Ensure(path);
            database = Database.Open(path, readOnly: false, patience);
            Schema.Configure(database);
            Schema.Prepare(database, path);
            if (mostPages > 0)
            {
                database.Scalar($"PRAGMA max_page_count={mostPages}");
            }

            // What the log holds is brought into the file beside the commits, not within them.
            database.Execute("PRAGMA wal_autocheckpoint=0");
            return new SqliteStore(fileLock, new WriteSession(database), path, time, patience);
        }
        catch (Exception fault)
        {
            database?.Dispose();
            fileLock.Dispose();
            if (fault is SqliteFault sqlite)
            {
                throw sqlite.ToStoreException($"{path} cannot be opened");
            }

            throw;
        }
    }

    public ValueTask<long> ReadRevisionAsync(CancellationToken cancellationToken) => new(feed.Revision);

    public ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        TransactionRules.Check(transaction);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(transaction.Writes.Count, Schema.MostWrites, nameof(transaction));
        cancellationToken.ThrowIfCancellationRequested();
        var request = new CommitRequest(transaction);
        writer.Enqueue(request);
        return request.WaitAsync(cancellationToken);
    }

    public ValueTask<StoredValue?> GetAsync(string key, CancellationToken cancellationToken) =>
        readers.UseAsync(session => session.Get(key), cancellationToken);

    public ValueTask<RangeResult> RangeAsync(string prefix, string? startAfter, int limit, long revision, CancellationToken cancellationToken) =>
        readers.UseAsync(session => session.Range(prefix, startAfter, limit, revision), cancellationToken);

    public IAsyncEnumerable<StoreBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) =>
        feed.WatchAsync(prefix, afterRevision, ReadLogAsync, cancellationToken);

    public IDisposable Observe(Action<StoreBatch> observer, out long revision) => feed.Observe(observer, out revision);

    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(revision, feed.Revision);
        bool isDone = false;
        while (!isDone)
        {
            // Step by step through the queue, so that commits go on in between.
            cancellationToken.ThrowIfCancellationRequested();
            isDone = await CompactOneStepAsync(revision);
        }
    }

    /// <returns>True when nothing is left to do.</returns>
    internal Task<bool> CompactOneStepAsync(long revision)
    {
        var request = new CompactRequest(revision);
        writer.Enqueue(request);
        return request.Answer;
    }

    public async ValueTask DisposeAsync()
    {
        feed.Close();
        writer.Dispose();
        readers.Dispose();
        await compacting.ContinueWith(static _ => { }, TaskScheduler.Default);
        fileLock.Dispose();
    }

    private ValueTask<LogPage> ReadLogAsync(string prefix, long after, long upTo, CancellationToken cancellationToken) =>
        readers.UseAsync(session => session.ReadLog(prefix, after, upTo), cancellationToken);

    private void OnCommitted(long revision)
    {
        if (!compacting.IsCompleted)
        {
            return;
        }

        if (compacting.IsFaulted)
        {
            retention.Failed();
            compacting = Task.CompletedTask;
        }

        long? target = retention.Note(revision);
        session.Mark = retention.Mark;
        if (target is { } old)
        {
            compacting = Task.Run(() => CompactAsync(old, CancellationToken.None).AsTask());
        }
    }
}
