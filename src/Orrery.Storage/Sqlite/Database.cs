using SQLitePCL;

namespace Orrery.Storage.Sqlite;

/// <summary>One connection. Not thread-safe: whoever holds it uses it alone.</summary>
internal sealed class Database : IDisposable
{
    /// <summary>How long to wait for another process that has locked the file.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly sqlite3 handle;

    static Database()
    {
        Batteries_V2.Init();
    }

    private Database(sqlite3 handle)
    {
        this.handle = handle;
    }

    /// <summary>Whether no transaction is open; SQLite ends one on its own after some errors.</summary>
    public bool IsIdle => raw.sqlite3_get_autocommit(handle) != 0;

    public int Changes => raw.sqlite3_changes(handle);

    /// <exception cref="SqliteFault">It cannot be opened.</exception>
    public static Database Open(string path, bool readOnly) => Open(path, readOnly, Patience);

    /// <exception cref="SqliteFault">It cannot be opened.</exception>
    public static Database Open(string path, bool readOnly, TimeSpan patience)
    {
        int mode = readOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE;
        int code = raw.sqlite3_open_v2(path, out sqlite3 handle, mode | raw.SQLITE_OPEN_NOMUTEX, null);
        var database = new Database(handle);
        try
        {
            database.Check(code);
            database.Check(raw.sqlite3_extended_result_codes(handle, 1));
            database.Check(raw.sqlite3_busy_timeout(handle, (int)patience.TotalMilliseconds));
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Runs statements that take and give nothing.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(handle, sql));

    /// <summary>Gives back what memory it can; what was cached is read again.</summary>
    public void Shrink() => raw.sqlite3_exec(handle, "PRAGMA shrink_memory");

    /// <summary>Brings into the file what of the log nobody reads and nobody has locked.</summary>
    /// <returns>Pages of the log that are left.</returns>
    /// <exception cref="SqliteFault">The disk failed, or it is done already by somebody else.</exception>
    public int Checkpoint()
    {
        Check(raw.sqlite3_wal_checkpoint_v2(handle, null, raw.SQLITE_CHECKPOINT_PASSIVE, out int logged, out int done));
        return Math.Max(0, logged - done);
    }

    /// <returns>Pages written by this connection since it was asked last.</returns>
    public int TakeWritten()
    {
        Check(raw.sqlite3_db_status(handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out int written, out _, 1));
        return written;
    }

    public Statement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v2(handle, sql, out sqlite3_stmt statement));
        return new Statement(this, statement);
    }

    /// <summary>Runs a statement and gives the first column of its first row; zero when there is none.</summary>
    public long Scalar(string sql)
    {
        using Statement statement = Prepare(sql);
        return statement.Step() ? statement.Long(0) : 0;
    }

    public void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
        {
            throw new SqliteFault(code, raw.sqlite3_errmsg(handle).utf8_to_string());
        }
    }

    public void Dispose() => raw.sqlite3_close_v2(handle);
}
