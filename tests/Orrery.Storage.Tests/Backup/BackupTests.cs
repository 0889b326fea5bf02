using System.IO.Compression;
using System.Text;
using Orrery.Storage.Backup;
using Orrery.Storage.Etcd;
using Orrery.Storage.Sqlite;
using Orrery.Storage.Tests.Etcd;
using Orrery.Storage.Tests.Sqlite;

namespace Orrery.Storage.Tests.Backup;

public sealed class BackupTests(EtcdFixture etcd) : IClassFixture<EtcdFixture>, IDisposable
{
    private readonly StoreDirectory directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string File(string name) => Path.Combine(directory.DirectoryPath, name);

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task SqliteRoundTrip_WhileBeingWrittenTo_IsOneStateAndRevisionsGoOnAbove()
    {
        await using SqliteStore store = SqliteStore.Open(File("live.db"), TimeProvider.System);
        using var stop = new CancellationTokenSource();

        // Two keys that are always written together: a backup that tears them apart shows it.
        Task<long> writing = Task.Run(async () =>
        {
            long last = 0;
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                byte[] value = Encoding.UTF8.GetBytes($"{i}");
                last = (await store.CommitAsync(new Transaction([], [new Write("/a", value), new Write($"/filler/{i % 500:000}", new byte[2000]), new Write("/z", value)]), Token)).Revision;
            }

            return last;
        });
        while (await store.ReadRevisionAsync(Token) < 600)
        {
            await Task.Yield();
        }

        BackupHeader header;
        using (SqliteSnapshot snapshot = SqliteBackup.Open(File("live.db")))
        {
            header = new BackupHeader(snapshot.Revision, DateTimeOffset.UnixEpoch);
            while (await store.ReadRevisionAsync(Token) == header.Revision)
            {
                // Something is written before what is read here has been.
                await Task.Yield();
            }

            await using FileStream output = System.IO.File.Create(File("backup"));
            Assert.Equal(502, await BackupWriter.WriteAsync(output, header, snapshot.ItemsAsync(Token), Token));
        }

        await stop.CancelAsync();
        long handedOut = await writing;
        Assert.True(handedOut > header.Revision, "nothing was written meanwhile");

        var reader = new BackupReader(File("backup"));
        Assert.Equal((header, 502L), await reader.CheckAsync(Token));
        await SqliteBackup.RestoreAsync(File("again.db"), header, reader.ItemsAsync(Token), Token);
        await using SqliteStore again = SqliteStore.Open(File("again.db"), TimeProvider.System);
        StoredValue a = (await again.GetAsync("/a", Token))!, z = (await again.GetAsync("/z", Token))!;
        Assert.Equal(header.Revision, a.ModRevision);
        Assert.Equal((a.ModRevision, Encoding.UTF8.GetString(a.Value.Span)), (z.ModRevision, Encoding.UTF8.GetString(z.Value.Span)));
        Assert.Equal(502, (await again.RangeAsync("", null, 0, 0, Token)).Items.Count);

        // What clients know of before means nothing now, and the next revision is above all of it.
        Assert.Equal(header.RestoredRevision, await again.ReadRevisionAsync(Token));
        Assert.True((await again.RangeAsync("", null, 0, handedOut, Token)).IsCompacted);
        await Assert.ThrowsAsync<CompactedException>(() => FirstAsync(again, handedOut));
        CommitResult next = await again.CommitAsync(new Transaction([new Condition("/a", a.ModRevision)], [new Write("/a", "new"u8.ToArray())]), Token);
        Assert.True(next.Succeeded);
        Assert.Equal(header.RestoredRevision + 1, next.Revision);
        Assert.Equal(next.Revision, (await FirstAsync(again, header.RestoredRevision)).Revision);

        // It is a store like any other: history is forgotten and read as usual.
        await again.CompactAsync(next.Revision, Token);
        Assert.Equal(502, (await again.RangeAsync("", null, 0, 0, Token)).Items.Count);
    }

    /// <summary>A server was killed, its damaged file was taken away, and the log beside it was forgotten.</summary>
    [Fact]
    public async Task Restore_BesideTheLogOfAStoreThatIsGone_IsTheBackup()
    {
        BackupHeader header = await TakeAsync(File("backup"), 20);
        await using (SqliteStore killed = SqliteStore.Open(File("killed.db"), TimeProvider.System))
        {
            for (int i = 0; i < 40; i++)
            {
                await killed.CommitAsync(new Transaction([], [new Write($"/of-the-other/{i}", new byte[3000])]), Token);
            }

            System.IO.File.Copy(File("killed.db-wal"), File("store.db-wal"));
            System.IO.File.Copy(File("killed.db-shm"), File("store.db-shm"));
        }

        await SqliteBackup.RestoreAsync(File("store.db"), header, new BackupReader(File("backup")).ItemsAsync(Token), Token);

        await using SqliteStore store = SqliteStore.Open(File("store.db"), TimeProvider.System);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"/k/{i:000}"), (await store.RangeAsync("", null, 0, 0, Token)).Items.Select(i => i.Key));
        Assert.Equal(header.RestoredRevision, await store.ReadRevisionAsync(Token));
    }

    [Fact]
    public async Task Restore_FromSqliteIntoEtcdAndBack_KeepsContentAndRaisesRevisions()
    {
        EtcdFixture.SkipWithoutEtcd();
        BackupHeader header = await TakeAsync(File("backup"), 250);
        EtcdOptions options = etcd.Options(etcd.NewPrefix());

        // 1. Into an etcd, whose own revisions are far below.
        await EtcdBackup.RestoreAsync(options, header, new BackupReader(File("backup")).ItemsAsync(Token), Token);
        await using (IStore store = await EtcdBackup.OpenAsync(options, Token))
        {
            long revision = await store.ReadRevisionAsync(Token);
            Assert.True(revision >= header.RestoredRevision, $"{revision}");
            RangeResult all = await store.RangeAsync("", null, 0, 0, Token);
            Assert.Equal(Enumerable.Range(0, 250).Select(i => ($"/k/{i:000}", $"v{i}")), all.Items.Select(i => (i.Key, Encoding.UTF8.GetString(i.Value.Span))));
            Assert.All(all.Items, item => Assert.InRange(item.ModRevision, header.Revision + 1, revision));

            // 2. Commits, conditions and watches speak of the raised revisions.
            StoredValue first = all.Items[0];
            CommitResult stale = await store.CommitAsync(new Transaction([new Condition(first.Key, 1)], [new Write(first.Key, "x"u8.ToArray())]), Token);
            Assert.Equal((false, new Condition(first.Key, 1), first.ModRevision), (stale.Succeeded, stale.FailedCondition!.Value, stale.Actual!.ModRevision));
            CommitResult absent = await store.CommitAsync(new Transaction([new Condition("/new", 0), new Condition(first.Key, first.ModRevision)], [new Write("/new", "x"u8.ToArray())]), Token);
            Assert.True(absent.Succeeded);
            Assert.True(absent.Revision > revision);
            Assert.Equal(absent.Revision, (await FirstAsync(store, revision)).Revision);
            await Assert.ThrowsAsync<CompactedException>(() => FirstAsync(store, header.Revision));
            Assert.True((await store.RangeAsync("", null, 0, header.Revision, Token)).IsCompacted);

            // 3. A second restore on top is refused, and changes nothing.
            await Assert.ThrowsAsync<StoreException>(() => EtcdBackup.RestoreAsync(options, header, new BackupReader(File("backup")).ItemsAsync(Token), Token));
            Assert.Equal(absent.Revision, await store.ReadRevisionAsync(Token));

            // 4. And back into a file.
            var second = new BackupHeader(absent.Revision, DateTimeOffset.UnixEpoch);
            await using (FileStream output = System.IO.File.Create(File("second")))
            {
                Assert.Equal(251, await BackupWriter.WriteAsync(output, second, EtcdBackup.ItemsAsync(store, absent.Revision, Token), Token));
            }

            await SqliteBackup.RestoreAsync(File("back.db"), second, new BackupReader(File("second")).ItemsAsync(Token), Token);
        }

        await using SqliteStore back = SqliteStore.Open(File("back.db"), TimeProvider.System);
        Assert.Equal(251, (await back.RangeAsync("", null, 0, 0, Token)).Items.Count);
        Assert.True(await back.ReadRevisionAsync(Token) > 2 * BackupHeader.RevisionGap);
    }

    [Fact]
    public async Task Restore_IntoEtcdThatBrokeOff_IsNotServedAndIsBegunAnew()
    {
        EtcdFixture.SkipWithoutEtcd();
        BackupHeader header = await TakeAsync(File("backup"), 250);
        EtcdOptions options = etcd.Options(etcd.NewPrefix());
        await Assert.ThrowsAsync<IOException>(() => EtcdBackup.RestoreAsync(options, header, BrokenAfter(180), Token));

        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => EtcdBackup.OpenAsync(options, Token));
        Assert.Contains("was not finished", refused.Message);
        await EtcdBackup.RestoreAsync(options, header, new BackupReader(File("backup")).ItemsAsync(Token), Token);

        await using IStore store = await EtcdBackup.OpenAsync(options, Token);
        Assert.Equal(250, (await store.RangeAsync("", null, 0, 0, Token)).Items.Count);
    }

    [Fact]
    public async Task Restore_IntoAFileThatBrokeOff_LeavesNothing()
    {
        var header = new BackupHeader(300, DateTimeOffset.UnixEpoch);

        await Assert.ThrowsAsync<IOException>(() => SqliteBackup.RestoreAsync(File("new.db"), header, BrokenAfter(180), Token));

        Assert.Equal(["new.db.holder", "new.db.lock"], Directory.GetFiles(directory.DirectoryPath).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Restore_WhereAStoreIsAlready_IsRefused()
    {
        BackupHeader header = await TakeAsync(File("backup"), 3);

        StoreException there = await Assert.ThrowsAsync<StoreException>(() => SqliteBackup.RestoreAsync(File("source.db"), header, new BackupReader(File("backup")).ItemsAsync(Token), Token));
        Assert.Contains("already", there.Message);

        await using SqliteStore running = SqliteStore.Open(File("source.db"), TimeProvider.System);
        StoreException used = await Assert.ThrowsAsync<StoreException>(() => SqliteBackup.RestoreAsync(File("source.db"), header, new BackupReader(File("backup")).ItemsAsync(Token), Token));
        Assert.Contains($"in use by process {Environment.ProcessId}", used.Message);
    }

    [Fact]
    public async Task CheckAsync_FileCutAnywhere_IsRefused()
    {
        await TakeAsync(File("backup"), 40);
        byte[] whole = await System.IO.File.ReadAllBytesAsync(File("backup"), Token);

        // The last bytes are the end of gzip's own, which says nothing that our digest does not.
        for (int length = 0; length < whole.Length - 20; length += 7)
        {
            await System.IO.File.WriteAllBytesAsync(File("cut"), whole[..length], Token);
            await Assert.ThrowsAsync<BackupException>(() => new BackupReader(File("cut")).CheckAsync(Token));
        }
    }

    [Fact]
    public async Task CheckAsync_OneByteOfTheContentChanged_IsRefused()
    {
        await TakeAsync(File("backup"), 5);
        using var content = new MemoryStream();
        await using (var zip = new GZipStream(System.IO.File.OpenRead(File("backup")), CompressionMode.Decompress))
        {
            await zip.CopyToAsync(content, Token);
        }

        // Packed again, so that only our own digest can tell.
        byte[] lines = content.ToArray();
        for (int at = 0; at < lines.Length; at++)
        {
            byte[] changed = [.. lines];
            changed[at] ^= 1;
            await using (var zip = new GZipStream(System.IO.File.Create(File("changed")), CompressionLevel.Fastest))
            {
                await zip.WriteAsync(changed, Token);
            }

            await Assert.ThrowsAsync<BackupException>(() => new BackupReader(File("changed")).CheckAsync(Token));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a backup")]
    public async Task CheckAsync_AnotherFile_IsRefused(string content)
    {
        await System.IO.File.WriteAllTextAsync(File("other"), content, Token);

        await Assert.ThrowsAsync<BackupException>(() => new BackupReader(File("other")).CheckAsync(Token));
    }

    private async Task<BackupHeader> TakeAsync(string file, int objects)
    {
        await using SqliteStore store = SqliteStore.Open(File("source.db"), TimeProvider.System);
        for (int i = 0; i < objects; i++)
        {
            await store.CommitAsync(new Transaction([], [new Write($"/k/{i:000}", Encoding.UTF8.GetBytes($"v{i}"))]), Token);
        }

        using SqliteSnapshot snapshot = SqliteBackup.Open(File("source.db"));
        var header = new BackupHeader(snapshot.Revision, DateTimeOffset.UnixEpoch);
        await using FileStream output = System.IO.File.Create(file);
        Assert.Equal(objects, await BackupWriter.WriteAsync(output, header, snapshot.ItemsAsync(Token), Token));
        return header;
    }

    private static async IAsyncEnumerable<StoredValue> BrokenAfter(int objects)
    {
        for (int i = 0; i < objects; i++)
        {
            yield return new StoredValue($"/k/{i:000}", new byte[] { 1 }, i + 1, i + 1);
        }

        await Task.Yield();
        throw new IOException("the file went away");
    }

    private static async Task<StoreBatch> FirstAsync(IStore store, long after)
    {
        await foreach (StoreBatch batch in store.WatchAsync("", after, Token))
        {
            return batch;
        }

        throw new InvalidOperationException("the watch ended");
    }
}
