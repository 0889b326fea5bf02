using System.Text;
using Orrery.Storage.Etcd;
using Orrery.Testing;

namespace Orrery.Storage.Tests.Etcd;

/// <summary>What is promised when members die, stand still, or forget.</summary>
public sealed class EtcdFaultTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Member_KilledUnderLoad_LosesNothingAcknowledged()
    {
        await using EtcdHarness etcd = await EtcdHarness.StartAsync(1, Token);
        await CheckUnderLoadAsync(etcd, rounds: 3, async round =>
        {
            etcd.Members[0].Kill();
            etcd.Members[0].Start();
            await Task.CompletedTask;
        });
    }

    [Fact]
    public async Task MemberOfThree_KilledUnderLoad_OthersTakeOverAndNothingIsLost()
    {
        await using EtcdHarness etcd = await EtcdHarness.StartAsync(3, Token);
        await CheckUnderLoadAsync(etcd, rounds: 3, async round =>
        {
            // One after the other, so that it is once the one in use, and once the leader.
            EtcdStore store = await etcd.OpenAsync(Token);
            etcd.Members[round].Kill();
            await Commit(store, Put($"/without/{round}", "v"));
            etcd.Members[round].Start();
        });
    }

    [Fact]
    public async Task MemberOfThree_Paused_ReadsAndWritesGoOnElsewhere()
    {
        await using EtcdHarness etcd = await EtcdHarness.StartAsync(3, Token);
        EtcdStore store = await etcd.OpenAsync(Token, callTimeout: TimeSpan.FromSeconds(2));
        long first = await Commit(store, Put("/a", "1"));
        await using IAsyncEnumerator<StoreBatch> watch = store.WatchAsync("/", first - 1, Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync());

        etcd.Members[0].Pause();
        try
        {
            Assert.Equal("1", Text(await store.GetAsync("/a", Token)));
            long second = await Commit(store, Put("/a", "2"));

            // The watch stood on the member that stands still. What nobody knew the outcome of has been written twice, where it was.
            do
            {
                Assert.True(await watch.MoveNextAsync());
                Assert.Equal("2", Text(Assert.Single(watch.Current.Events).Value));
            }
            while (watch.Current.Revision < second);
            Assert.Equal(second, watch.Current.Revision);
        }
        finally
        {
            etcd.Members[0].Continue();
        }
    }

    [Fact]
    public async Task Commit_MemberStandsStill_SaysThatTheOutcomeIsUnknown()
    {
        await using EtcdHarness etcd = await EtcdHarness.StartAsync(1, Token);
        EtcdStore store = await etcd.OpenAsync(Token), impatient = await etcd.OpenAsync(Token, callTimeout: TimeSpan.FromSeconds(1));
        long before = await Commit(store, Put("/a", "1"));

        etcd.Members[0].Pause();
        StoreException fault;
        try
        {
            fault = await Assert.ThrowsAsync<StoreException>(async () => await Commit(impatient, Put("/a", "2")));
        }
        finally
        {
            etcd.Members[0].Continue();
        }

        Assert.True(fault.OutcomeUnknown);
        string now = Text(await store.GetAsync("/a", Token));
        Assert.Contains(now, (string[])["1", "2"]);
        Assert.True(await Commit(store, Put("/a", "3")) > before);
    }

    [Fact]
    public async Task Commit_MemberGone_SaysThatNothingWasDone()
    {
        await using EtcdHarness etcd = await EtcdHarness.StartAsync(1, Token);
        EtcdStore store = await EtcdStore.OpenAsync(new EtcdOptions { Endpoints = [etcd.Members[0].Client], RetryFor = TimeSpan.Zero }, Token);
        await using EtcdStore closing = store;
        etcd.Members[0].Kill();

        // The first may find the old connection; the next certainly has none.
        await Assert.ThrowsAsync<StoreException>(async () => await Commit(store, Put("/a", "1")));
        StoreException fault = await Assert.ThrowsAsync<StoreException>(async () => await Commit(store, Put("/a", "1")));

        Assert.False(fault.OutcomeUnknown);
    }

    [Fact]
    public async Task Commit_TooLarge_IsRefusedAndNotUnknown()
    {
        await using EtcdHarness etcd = await EtcdHarness.StartAsync(1, Token);
        EtcdStore store = await etcd.OpenAsync(Token);

        StoreException fault = await Assert.ThrowsAsync<StoreException>(
            async () => await store.CommitAsync(new Transaction([], [new Write("/a", new byte[(8 << 20) + 1_000])]), Token));

        Assert.False(fault.OutcomeUnknown);
        Assert.Contains("too large", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_CompactionWhileLive_GoesOn()
    {
        await using EtcdHarness etcd = await EtcdHarness.StartAsync(1, Token);
        EtcdStore store = await etcd.OpenAsync(Token);
        long first = await Commit(store, Put("/a", "0"));
        await using IAsyncEnumerator<StoreBatch> watch = store.WatchAsync("/", first - 1, Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync());

        for (int i = 1; i <= 20; i++)
        {
            long revision = await Commit(store, i % 5 == 0 ? new Write("/a", null) : Put("/a", $"{i}"));
            Assert.True(await watch.MoveNextAsync());
            Assert.Equal(revision, watch.Current.Revision);
            await store.CompactAsync(revision, Token);
        }
    }

    [Fact]
    public async Task SharedEtcd_OthersCompactBeyondUs_WeGoOn()
    {
        await using EtcdHarness etcd = await EtcdHarness.StartAsync(1, Token);
        EtcdStore ours = await etcd.OpenAsync(Token);
        await using EtcdStore others = await EtcdStore.OpenAsync(new EtcdOptions { Endpoints = [etcd.Members[0].Client], Prefix = "/orrery2", CallTimeout = EtcdHarness.OfACall, RetryFor = EtcdHarness.Patience }, Token);
        long last = await Commit(ours, Put("/a", "1"));
        long theirs = 0;
        for (int i = 0; i < 10; i++)
        {
            theirs = await Commit(others, Put("/a", $"{i}"));
        }

        await others.CompactAsync(theirs, Token);

        // Our newest revision is still that of our own last change, and can be read, resumed from, and built upon.
        Assert.Equal(last, await ours.ReadRevisionAsync(Token));
        Assert.Equal(last, (await Commits(ours, new Write("/absent", null))).Revision);
        RangeResult range = await ours.RangeAsync("", null, 0, last, Token);
        Assert.Equal((last, false, "1"), (range.Revision, range.IsCompacted, Text(Assert.Single(range.Items))));
        await using IAsyncEnumerator<StoreBatch> watch = ours.WatchAsync("", last, Token).GetAsyncEnumerator(Token);
        ValueTask<bool> next = watch.MoveNextAsync();
        long made = await Commit(ours, Put("/a", "2"));
        Assert.True(await next);
        StoreEvent change = Assert.Single(watch.Current.Events);
        Assert.Equal((made, "1", "2"), (watch.Current.Revision, Text(change.Previous), Text(change.Value)));
    }

    private static async Task CheckUnderLoadAsync(EtcdHarness etcd, int rounds, Func<int, Task> disturb)
    {
        EtcdStore store = await etcd.OpenAsync(Token);
        long start = await store.ReadRevisionAsync(Token);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var end = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<List<StoreBatch>> follower = Task.Run(() => EtcdHarness.FollowAsync(store, start, end.Task, Token));
        Task<(List<(string Key, long Revision)> Acknowledged, List<string> Unknown)>[] writers =
            [.. Enumerable.Range(0, 4).Select(i => Task.Run(() => EtcdHarness.WriteAsync(store, $"/load/{i}/", stop.Token)))];

        for (int round = 0; round < rounds; round++)
        {
            // Enough progress before and after each blow for it to hit something.
            await Progress(store);
            await disturb(round);
            await Progress(store);
        }

        await stop.CancelAsync();
        var books = await Task.WhenAll(writers);
        EtcdStore again = await etcd.OpenAsync(Token);
        end.SetResult(await Commit(again, Put("/end", "v")));
        await Commit(again, Put("/beyond", "v"));
        List<StoreBatch> seen = await follower;

        // 1. Every acknowledged key is there, at the revision that was told; and beyond those only keys of which nobody knew.
        Dictionary<string, long> live = (await again.RangeAsync("/load/", null, 0, 0, Token)).Items.ToDictionary(item => item.Key, item => item.ModRevision);
        (string Key, long Revision)[] acknowledged = [.. books.SelectMany(book => book.Acknowledged)];
        Assert.True(acknowledged.Length > rounds * 40, $"only {acknowledged.Length} commits were acknowledged");
        Assert.All(acknowledged, entry => Assert.Equal(entry.Revision, live.GetValueOrDefault(entry.Key)));
        Assert.Empty(live.Keys.Except(acknowledged.Select(entry => entry.Key)).Except(books.SelectMany(book => book.Unknown)));

        // 2. Revisions never fall, and are never given twice.
        Assert.All(books, book => Assert.Equal(book.Acknowledged.Select(entry => entry.Revision).Order(), book.Acknowledged.Select(entry => entry.Revision)));
        Assert.Equal(acknowledged.Length, acknowledged.Select(entry => entry.Revision).Distinct().Count());

        // 3. The watch told every revision once, in order: nobody else writes here, so none is missing.
        Assert.Equal(Enumerable.Range(0, seen.Count).Select(i => seen[0].Revision + i), seen.Select(batch => batch.Revision));
        Assert.Equal(live.OrderBy(entry => entry.Value), seen.SelectMany(batch => batch.Events)
            .Where(change => change.Key.StartsWith("/load/", StringComparison.Ordinal))
            .Select(change => KeyValuePair.Create(change.Key, change.Value!.ModRevision)));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{acknowledged.Length} acknowledged, {books.Sum(book => book.Unknown.Count)} unknown, {seen.Count} revisions watched");
    }

    private static async Task Progress(EtcdStore store)
    {
        long start = await store.ReadRevisionAsync(Token);
        await Eventually.TrueAsync(async () => await store.ReadRevisionAsync(Token) >= start + 40, "40 commits", TimeSpan.FromSeconds(60), Token);
    }

    private static Write Put(string key, string value) => new(key, Encoding.UTF8.GetBytes(value));

    private static string Text(StoredValue? value) => value is null ? "<absent>" : Encoding.UTF8.GetString(value.Value.Span);

    private static ValueTask<CommitResult> Commits(EtcdStore store, params Write[] writes) => store.CommitAsync(new Transaction([], writes), Token);

    /// <summary>Commits, and again while members fail or choose a leader, a few times: writing the same once more does no harm here.</summary>
    private static async Task<long> Commit(EtcdStore store, Write write)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return (await Commits(store, write)).Revision;
            }
            catch (StoreException fault) when (fault.OutcomeUnknown && store.Members > 1 && attempt < 5)
            {
                // Whether it was written nobody knows.
            }
        }
    }
}
