using System.Diagnostics;
using System.Text;
using Orrery.Storage.Sqlite;

namespace Orrery.Storage.Tests.Sqlite;

/// <summary>What only an engine with a file can promise: restarts, crashes, one process at a time, errors of the disk.</summary>
public sealed class SqliteDurabilityTests : IDisposable
{
    private readonly StoreDirectory directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Open_Again_GoesOnWhereItWas()
    {
        await using (SqliteStore store = Open())
        {
            await Put(store, "/a", "1");
            await Put(store, "/a", "2");
            await Put(store, "/b", "3");
            await Delete(store, "/b");
        }

        await using SqliteStore again = Open();
        Assert.Equal(4, await again.ReadRevisionAsync(Token));
        RangeResult all = await again.RangeAsync("/", null, 0, 0, Token);
        Assert.Equal(("/a", 2L, 1L, 4L), (all.Items[0].Key, all.Items[0].ModRevision, all.Items[0].CreateRevision, all.Revision));
        Assert.Equal([2, 3, 4], await Watch(again, after: 1, count: 3));
        Assert.Equal(5, (await Put(again, "/a", "5")).Revision);
    }

    [Fact]
    public async Task Open_AfterEverythingWasDeletedAndCompacted_KeepsTheRevision()
    {
        await using (SqliteStore store = Open())
        {
            await Put(store, "/a", "1");
            await Delete(store, "/a");
            await store.CompactAsync(2, Token);
        }

        await using SqliteStore again = Open();
        Assert.Equal(2, await again.ReadRevisionAsync(Token));
        Assert.Equal(3, (await Put(again, "/a", "3")).Revision);
        await Assert.ThrowsAsync<CompactedException>(() => Watch(again, after: 1, count: 1));
    }

    [Fact]
    public async Task Open_MidCompaction_FinishesItLater()
    {
        await using (SqliteStore store = Open())
        {
            for (int i = 0; i < Compactor.StepSize * 3; i++)
            {
                await Put(store, $"/{i % 3}", $"{i}");
            }

            // The promise and the first step only, as when the process is killed between steps.
            await store.CompactOneStepAsync(Compactor.StepSize * 3);
        }

        await using SqliteStore again = Open();
        Assert.True((await again.RangeAsync("/", null, 0, (Compactor.StepSize * 3) - 1, Token)).IsCompacted);
        Assert.True(Rows() > 3);
        await again.CompactAsync(Compactor.StepSize * 3, Token);
        Assert.Equal(3, Rows());
        Assert.Equal(3, (await again.RangeAsync("/", null, 0, 0, Token)).Items.Count);
    }

    [Fact]
    public async Task Compact_DeletedKeys_LeaveNothingBehind()
    {
        await using SqliteStore store = Open();
        for (int i = 0; i < 50; i++)
        {
            await Put(store, $"/{i}", "v");
            await Delete(store, $"/{i}");
        }

        await Put(store, "/7", "again");
        await store.CompactAsync(101, Token);

        Assert.Equal((1, 1), (Rows(), Rows("keys")));
        Assert.Equal(101, (await store.GetAsync("/7", Token))!.CreateRevision);
    }

    [Fact]
    public void Configure_Connection_WaitsForTheDiskAtEachCommit()
    {
        using var database = Database.Open(directory.StorePath, readOnly: false);
        Schema.Configure(database);
        Schema.Prepare(database, directory.StorePath);

        const int Full = 2;
        Assert.Equal(Full, database.Scalar("PRAGMA synchronous"));
        Assert.Equal(1, database.Scalar("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode='wal'"));
    }

    [Fact]
    public async Task Open_Twice_IsRefusedAndNamesTheHolder()
    {
        await using (SqliteStore store = Open())
        {
            StoreException refused = Assert.Throws<StoreException>(Open);
            Assert.Equal($"{directory.StorePath} is in use by process {Environment.ProcessId}", refused.Message);
            await Put(store, "/a", "1");
        }

        await using SqliteStore again = Open();
        Assert.Equal(1, await again.ReadRevisionAsync(Token));
    }

    [Fact]
    public void Open_FileOfAnotherKind_IsRefused()
    {
        File.WriteAllText(directory.StorePath, new string('x', 10_000));
        Assert.Equal($"{directory.StorePath} cannot be opened: the file is damaged or not a store", Assert.Throws<StoreException>(Open).Message);

        // The refusal has let go of the file.
        File.Delete(directory.StorePath);
        using (var other = Database.Open(directory.StorePath, readOnly: false))
        {
            other.Execute("CREATE TABLE mine (x)");
        }

        Assert.Equal($"{directory.StorePath} is not a store of Orrery", Assert.Throws<StoreException>(Open).Message);
    }

    [Fact]
    public void Open_DirectoryThatIsNot_IsRefused()
    {
        string path = Path.Combine(directory.DirectoryPath, "none", "store.db");

        Assert.StartsWith($"{path} cannot be locked: ", Assert.Throws<StoreException>(() => SqliteStore.Open(path, TimeProvider.System)).Message);
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task Open_NewFile_IsPrivate()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes");
        await using SqliteStore store = Open();
        await Put(store, "/a", "1");

        foreach (string file in Directory.GetFiles(directory.DirectoryPath))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public async Task Commit_ManyAtOnce_ShareTheDisk()
    {
        await using SqliteStore store = SqliteStore.Open(directory.StorePath, TimeProvider.System, mostPages: 0, TimeSpan.FromSeconds(60));
        const int Count = 2_000;

        // The file is held until all of them wait: how fast they come here, and how fast the disk is, does not count.
        using (var other = Database.Open(directory.StorePath, readOnly: false))
        {
            other.Execute("BEGIN IMMEDIATE");
            Task<CommitResult>[] waiting = [.. Enumerable.Range(0, Count).Select(i => Put(store, $"/{i}", "v"))];
            other.Execute("ROLLBACK");
            await Task.WhenAll(waiting);
        }


        Assert.Equal(Count, await store.ReadRevisionAsync(Token));
        Assert.InRange(store.Groups, 1, Count / 10);

        // One after the other there is nothing to share: each waits for the disk by itself.
        long before = store.Groups;
        for (int i = 0; i < 20; i++)
        {
            await Put(store, "/one", $"{i}");
        }

        Assert.Equal(20, store.Groups - before);
    }

    [Fact]
    public async Task Commit_DiskFull_FailsAndTheStoreGoesOn()
    {
        await using SqliteStore store = SqliteStore.Open(directory.StorePath, TimeProvider.System, mostPages: 60);
        await Put(store, "/a", "1");
        await Put(store, "/b", "2");

        // In one group with a commit that fits.
        Task<CommitResult> tooLarge = store.CommitAsync(new Transaction([], [new Write("/large", new byte[1 << 20])]), Token).AsTask();
        Task<CommitResult> fits = Put(store, "/a", "3");
        StoreException full = await Assert.ThrowsAsync<StoreException>(() => tooLarge);

        Assert.Equal("the commit failed: the disk is full", full.Message);
        Assert.False(full.OutcomeUnknown);
        Assert.Equal(3, (await fits).Revision);
        Assert.Null(await store.GetAsync("/large", Token));
        Assert.Equal([1, 2, 3], await Watch(store, after: 0, count: 3));
        Assert.Equal(4, (await Put(store, "/b", "4")).Revision);
    }

    /// <summary>As by the hand of somebody with the sqlite3 program: commits must not wait for the lock one after the other.</summary>
    [Fact]
    public async Task Commit_FileLockedByAnother_AllThatWaitFailTogetherAndTheStoreGoesOn()
    {
        await using SqliteStore store = SqliteStore.Open(directory.StorePath, TimeProvider.System, mostPages: 0, TimeSpan.FromSeconds(1));
        await Put(store, "/a", "1");
        using (var other = Database.Open(directory.StorePath, readOnly: false))
        {
            other.Execute("BEGIN IMMEDIATE");
            Task<CommitResult>[] waiting = [.. Enumerable.Range(0, 60).Select(i => Put(store, $"/{i}", "v"))];
            foreach (Task<CommitResult> commit in waiting)
            {
                StoreException locked = await Assert.ThrowsAsync<StoreException>(() => commit.WaitAsync(TimeSpan.FromSeconds(40), Token));
                Assert.Equal("the commit failed: SQLite: database is locked (5)", locked.Message);
                Assert.False(locked.OutcomeUnknown);
            }

            other.Execute("ROLLBACK");
        }

        Assert.Equal(2, (await Put(store, "/a", "2")).Revision);
    }

    [Fact]
    public async Task Compact_Automatically_KeepsTheLastTenThousandAndFiveMinutes()
    {
        var time = new SteppedTime();
        await using SqliteStore store = SqliteStore.Open(directory.StorePath, time);
        await Fill(14_000);
        time.Advance(TimeSpan.FromMinutes(1));
        await Fill(1_000);
        Assert.Equal(15_000, Rows());

        // Old enough by number, but not yet by age.
        time.Advance(TimeSpan.FromMinutes(4));
        await Fill(2_000);
        Assert.Equal(17_000, Rows());

        time.Advance(TimeSpan.FromMinutes(1));
        await Fill(1);
        long oldest = 0;
        await Until(() =>
        {
            (oldest, long swept) = Compaction();
            return oldest > 0 && swept == oldest;
        });

        // At least 10,000 revisions are there, and of older ones the version of each of the three keys that lived then.
        Assert.InRange(oldest, 1, 17_001 - RetentionPolicy.Revisions);
        Assert.Equal(17_001 - oldest + 3, Rows());
        Assert.Equal(3, (await store.RangeAsync("/", null, 0, oldest, Token)).Items.Count);

        async Task Fill(int count)
        {
            for (int done = 0; done < count; done += 1_000)
            {
                await Task.WhenAll(Enumerable.Range(0, Math.Min(1_000, count - done)).Select(i => Put(store, $"/{i % 3}", "v")));
            }
        }
    }

    [Fact]
    public async Task Kill_AtAnyMoment_LosesNothingAcknowledged()
    {
        for (int round = 0; round < 5; round++)
        {
            // 1. A child process commits without pause, and writes a line for each commit that was acknowledged.
            using Process child = StoreChild.Start(directory.StorePath, round);
            var acknowledged = new List<string>();
            while (acknowledged.Count < 150 + (round * 70))
            {
                acknowledged.Add(await child.StandardOutput.ReadLineAsync(Token) ?? throw new InvalidOperationException(await child.StandardError.ReadToEndAsync(Token)));
            }

            // 2. Killed without warning, in the middle of its work; what it still said before its end counts too.
            child.Kill();
            while (await child.StandardOutput.ReadLineAsync(Token) is { } line)
            {
                acknowledged.Add(line);
            }

            await child.WaitForExitAsync(Token);

            // 3. The lock is free again, and every acknowledged commit is there under its revision.
            await using SqliteStore store = Open();
            long newest = await store.ReadRevisionAsync(Token);
            foreach (string line in acknowledged)
            {
                string[] parts = line.Split(' ');
                StoredValue? value = await store.GetAsync(parts[1], Token);
                Assert.NotNull(value);
                Assert.Equal(long.Parse(parts[0]), value.ModRevision);
                Assert.Equal(parts[1], Encoding.UTF8.GetString(value.Value.Span));
                Assert.True(value.ModRevision <= newest);
            }
        }
    }

    private static Task<CommitResult> Put(SqliteStore store, string key, string value) =>
        store.CommitAsync(new Transaction([], [new Write(key, Encoding.UTF8.GetBytes(value))]), Token).AsTask();

    private static Task<CommitResult> Delete(SqliteStore store, string key) =>
        store.CommitAsync(new Transaction([], [new Write(key, null)]), Token).AsTask();

    private static async Task<List<long>> Watch(SqliteStore store, long after, int count)
    {
        var revisions = new List<long>();
        await foreach (StoreBatch batch in store.WatchAsync("/", after, Token))
        {
            revisions.Add(batch.Revision);
            if (revisions.Count == count)
            {
                break;
            }
        }

        return revisions;
    }

    private static async Task Until(Func<bool> holds)
    {
        for (int i = 0; !holds(); i++)
        {
            Assert.True(i < 6_000, "the condition did not come true");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Token);
        }
    }

    private SqliteStore Open() => SqliteStore.Open(directory.StorePath, TimeProvider.System);

    private long Rows(string table = "log")
    {
        using var database = Database.Open(directory.StorePath, readOnly: true);
        return database.Scalar($"SELECT count(*) FROM {table}");
    }

    private (long Compacted, long Swept) Compaction()
    {
        using var database = Database.Open(directory.StorePath, readOnly: true);
        return (database.Scalar("SELECT value FROM meta WHERE name='compacted'"), database.Scalar("SELECT value FROM meta WHERE name='swept'"));
    }

    /// <summary>Time that stands still until told to move.</summary>
    private sealed class SteppedTime : TimeProvider
    {
        private long now;

        public override long GetTimestamp() => Volatile.Read(ref now);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => Interlocked.Add(ref now, by.Ticks);
    }
}
