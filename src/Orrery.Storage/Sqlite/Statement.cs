using System.Buffers;
using System.Text;
using SQLitePCL;

namespace Orrery.Storage.Sqlite;

/// <summary>A prepared statement, kept as long as its connection. Parameters count from one, columns from zero.</summary>
internal sealed class Statement(Database database, sqlite3_stmt handle) : IDisposable
{
    public Statement Bind(int parameter, long value)
    {
        database.Check(raw.sqlite3_bind_int64(handle, parameter, value));
        return this;
    }

    public Statement Bind(int parameter, string text)
    {
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        byte[]? rented = null;
        Span<byte> buffer = most <= 512 ? stackalloc byte[512] : rented = ArrayPool<byte>.Shared.Rent(most);
        Bind(parameter, buffer[..Encoding.UTF8.GetBytes(text, buffer)]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return this;
    }

    /// <summary>Binds text that is in UTF-8 already; for a bound of a range it need not be valid.</summary>
    public Statement Bind(int parameter, ReadOnlySpan<byte> utf8)
    {
        // The empty span has no address, which SQLite takes for NULL.
        database.Check(utf8.IsEmpty ? raw.sqlite3_bind_text(handle, parameter, "") : raw.sqlite3_bind_text(handle, parameter, utf8));
        return this;
    }

    public Statement BindBlob(int parameter, ReadOnlySpan<byte> value)
    {
        database.Check(value.IsEmpty ? raw.sqlite3_bind_zeroblob(handle, parameter, 0) : raw.sqlite3_bind_blob(handle, parameter, value));
        return this;
    }

    public Statement BindNull(int parameter)
    {
        database.Check(raw.sqlite3_bind_null(handle, parameter));
        return this;
    }

    /// <summary>Goes to the next row.</summary>
    /// <returns>False at the end.</returns>
    public bool Step()
    {
        int code = raw.sqlite3_step(handle);
        database.Check(code);
        return code == raw.SQLITE_ROW;
    }

    /// <summary>Runs a statement that gives no rows, and makes it ready to run again.</summary>
    public void Run()
    {
        try
        {
            Step();
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Makes it ready to run again. Errors of the run were reported by <see cref="Step"/>.</summary>
    public void Reset() => raw.sqlite3_reset(handle);

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public long Long(int column) => raw.sqlite3_column_int64(handle, column);

    /// <summary>Bytes of a blob, or of text in UTF-8; valid until the next step.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(handle, column);

    public string Text(int column) => Encoding.UTF8.GetString(Bytes(column));

    public void Dispose() => raw.sqlite3_finalize(handle);
}
