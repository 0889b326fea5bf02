namespace Orrery.Storage.Sqlite;

/// <summary>
/// The tables of a store.
/// <para>
/// <c>log</c> has each version ever written, in order; its id is the revision, shifted, plus the place within the
/// transaction. <c>keys</c> points from each key to its newest version, which for a deleted key is a row without value.
/// <c>previous</c> is the id of the version a row replaced (zero: there was none), which is all that watch, reads of
/// the past and compaction need. <c>meta</c> says how far compaction was promised and how far it has swept, and of one
/// revision when it was the newest (<c>marked</c>, and <c>markedAt</c> in milliseconds since 1970).
/// </para>
/// </summary>
internal static class Schema
{
    /// <summary>Most writes of one transaction.</summary>
    public const int MostWrites = 1 << RevisionShift;

    private const int RevisionShift = 16;
    private const int ApplicationId = 0x4f72_7279;
    private const int Version = 1;

    /// <summary>The id of a write; also the first possible id of a revision when the place is zero.</summary>
    public static long Id(long revision, int place = 0) => (revision << RevisionShift) | (uint)place;

    /// <summary>The largest possible id of a revision.</summary>
    public static long LastId(long revision) => Id(revision, MostWrites - 1);

    public static long RevisionOf(long id) => id >> RevisionShift;

    /// <summary>Settings that hold for one connection, not for the file.</summary>
    public static void Configure(Database database)
    {
        database.Execute("PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-4000;");
    }

    /// <exception cref="StoreException">The file is another program's, or a later version's.</exception>
    public static void Prepare(Database database, string path)
    {
        database.Execute($"PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint={Checkpointer.Due}; PRAGMA journal_size_limit=67108864;");
        if (database.Scalar("PRAGMA application_id") == 0 && database.Scalar("PRAGMA user_version") == 0 && database.Scalar("SELECT count(*) FROM sqlite_master") == 0)
        {
            database.Execute($"""
                BEGIN IMMEDIATE;
                CREATE TABLE log (id INTEGER PRIMARY KEY, key TEXT NOT NULL, created INTEGER NOT NULL, previous INTEGER NOT NULL, value BLOB);
                CREATE TABLE keys (key TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
                INSERT INTO meta VALUES ('compacted', 0), ('swept', 0);
                PRAGMA application_id={ApplicationId};
                PRAGMA user_version={Version};
                COMMIT;
                """);
            return;
        }

        Check(database, path);
    }

    /// <exception cref="StoreException">The file is another program's, or a later version's.</exception>
    public static void Check(Database database, string path)
    {
        long application = database.Scalar("PRAGMA application_id");
        long version = database.Scalar("PRAGMA user_version");
        if (application != ApplicationId)
        {
            throw new StoreException($"{path} is not a store of Orrery", outcomeUnknown: false);
        }

        if (version != Version)
        {
            throw new StoreException($"{path} has format {version}; this program reads format {Version}", outcomeUnknown: false);
        }
    }

    /// <summary>The newest revision. Compaction never takes rows above what it promised, so the two together never fall.</summary>
    public static long NewestRevision(Database database) =>
        Math.Max(RevisionOf(database.Scalar("SELECT max(id) FROM log")), database.Scalar("SELECT value FROM meta WHERE name='compacted'"));

    /// <summary>Of which revision it is known how old it is; null where nothing was noted.</summary>
    public static RevisionMark? ReadMark(Database database)
    {
        using Statement read = database.Prepare("SELECT r.value, t.value FROM meta r, meta t WHERE r.name = 'marked' AND t.name = 'markedAt'");
        return read.Step() ? new RevisionMark(DateTimeOffset.FromUnixTimeMilliseconds(read.Long(1)), read.Long(0)) : null;
    }
}
