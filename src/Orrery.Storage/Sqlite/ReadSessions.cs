using System.Collections.Concurrent;

namespace Orrery.Storage.Sqlite;

/// <summary>A few reading connections, made when first needed and used by one caller at a time.</summary>
internal sealed class ReadSessions(string path) : IDisposable
{
    private const int Most = 4;

    private readonly SemaphoreSlim free = new(Most);
    private readonly ConcurrentStack<ReadSession> idle = new();
    private bool isClosed;

    /// <exception cref="StoreException">SQLite failed.</exception>
    public async ValueTask<T> UseAsync<T>(Func<ReadSession, T> read, CancellationToken cancellationToken)
    {
        await free.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref isClosed), typeof(SqliteStore));
            if (!idle.TryPop(out ReadSession? session))
            {
                session = Open();
            }

            T result;
            try
            {
                result = read(session);
            }
            catch (SqliteFault)
            {
                // Its state is unknown; the next reader opens a fresh one.
                session.Dispose();
                throw;
            }
            catch
            {
                idle.Push(session);
                throw;
            }

            // Readings are rare, and large: nothing of one helps the next.
            session.Shrink();
            idle.Push(session);
            return result;
        }
        catch (SqliteFault fault)
        {
            throw fault.ToStoreException("reading failed");
        }
        finally
        {
            free.Release();
        }
    }

    /// <summary>Waits for readers to finish, then closes their connections.</summary>
    public void Dispose()
    {
        Volatile.Write(ref isClosed, true);
        for (int i = 0; i < Most; i++)
        {
            free.Wait();
        }

        while (idle.TryPop(out ReadSession? session))
        {
            session.Dispose();
        }

        free.Release(Most);
    }

    private ReadSession Open()
    {
        var database = Database.Open(path, readOnly: true);
        Schema.Configure(database);
        return new ReadSession(database);
    }
}
