using SQLitePCL;

namespace Orrery.Storage.Sqlite;

/// <summary>What SQLite answered instead of OK; callers of the store get a <see cref="StoreException"/>.</summary>
internal sealed class SqliteFault(int code, string message) : Exception($"SQLite: {message} ({code})")
{
    /// <summary>The primary result code, without its extension.</summary>
    public int Code { get; } = code & 0xff;

    public StoreException ToStoreException(string doing, bool outcomeUnknown = false) =>
        new($"{doing}: {Reason()}", outcomeUnknown, this) { IsFull = Code == raw.SQLITE_FULL };

    private string Reason() => Code switch
    {
        raw.SQLITE_FULL => "the disk is full",
        raw.SQLITE_IOERR => "the disk cannot be read or written",
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => "the file is damaged or not a store",
        raw.SQLITE_CANTOPEN => "the file cannot be opened",
        raw.SQLITE_READONLY => "the file is read-only",
        raw.SQLITE_TOOBIG => "a value is too large",
        _ => Message,
    };
}
