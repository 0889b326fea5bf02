namespace Orrery.Storage.Tests;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Watch_FromTheStart_ReplaysTheLogThenFollows()
    {
        await Commit(Put("/a", "1"));
        await Commit(Put("/a", "2"), Put("/b", "2"));
        Task<List<StoreBatch>> watch = Take("/", 0, 4);
        await Commit(Delete("/a"));
        await Commit(Put("/a", "4"));

        Assert.Equal(
            ["1: /a <absent>->1", "2: /a 1->2 /b <absent>->2", "3: /a 2-><absent>", "4: /a <absent>->4"],
            (await watch).Select(Show));
    }

    [Fact]
    public async Task Watch_Events_CarryRevisionsOfBothStates()
    {
        await Commit(Put("/a", "1"));
        await Commit(Put("/a", "2"));

        foreach (StoreBatch batch in (List<StoreBatch>)[(await Take("/", 1, 1))[0], (await Take("/", 0, 2))[1]])
        {
            StoreEvent change = Assert.Single(batch.Events);
            Assert.Equal((2L, 1L), (change.Value!.ModRevision, change.Value.CreateRevision));
            Assert.Equal((1L, 1L), (change.Previous!.ModRevision, change.Previous.CreateRevision));
        }
    }

    [Fact]
    public async Task Watch_Prefix_SeesOnlyItsPart()
    {
        Task<List<StoreBatch>> live = Take("/a/", 0, 2);
        await Commit(Put("/b/1", "x"));
        await Commit(Put("/a/1", "x"), Put("/b/1", "y"));
        await Commit(Put("/ab", "x"));
        await Commit(Delete("/a/1"));

        string[] expected = ["2: /a/1 <absent>->x", "4: /a/1 x-><absent>"];
        Assert.Equal(expected, (await live).Select(Show));
        Assert.Equal(expected, (await Take("/a/", 0, 2)).Select(Show));
    }

    [Fact]
    public async Task Watch_FromARevisionToCome_SkipsUpToIt()
    {
        Task<List<StoreBatch>> watch = Take("/", 2, 1);
        await Commit(Put("/a", "1"));
        await Commit(Put("/a", "2"));
        await Commit(Put("/a", "3"));

        Assert.Equal("3: /a 2->3", Show(Assert.Single(await watch)));
    }

    [Fact]
    public async Task Watch_Cancelled_Ends()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task watch = Task.Run(async () =>
        {
            await foreach (StoreBatch _ in Store.WatchAsync("/", 0, stop.Token))
            {
            }
        });
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watch);
    }

    [Fact]
    public async Task Watch_StoreClosed_Ends()
    {
        Task<List<StoreBatch>> watch = Take("/", 0, 2);
        await Commit(Put("/a", "1"));
        await Store.DisposeAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watch);
    }

    [Fact]
    public async Task Watch_SlowReader_BlocksNobodyAndMissesNothing()
    {
        const int Count = 2_000;
        await using IAsyncEnumerator<StoreBatch> slow = Store.WatchAsync("/w/", 0, Token).GetAsyncEnumerator(Token);
        await Commit(Put("/w/a", "0"));
        Assert.True(await slow.MoveNextAsync());

        // Far more than any buffer holds, while the reader stands still; commits return all the same.
        await Task.WhenAll(Enumerable.Range(1, Count).Select(i => Commit(Put(i % 2 == 0 ? "/w/a" : "/other", $"{i}")).AsTask()));

        long last = slow.Current.Revision;
        for (int i = 0; i < Count / 2; i++)
        {
            Assert.True(await slow.MoveNextAsync());
            Assert.True(slow.Current.Revision > last);
            Assert.Equal("/w/a", Assert.Single(slow.Current.Events).Key);
            Assert.Equal(last, slow.Current.Events[0].Previous!.ModRevision);
            last = slow.Current.Revision;
        }

        Assert.Equal(last, (await Store.GetAsync("/w/a", Token))!.ModRevision);
    }

    [Fact]
    public async Task Watch_UnderManyWriters_IsOrderedWithoutGapOrRepeat()
    {
        const int Writers = 4;
        const int Each = 100;
        Task<List<StoreBatch>>[] watches = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() => Take("/", 0, Writers * Each)))];

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < Each; i++)
            {
                await Commit(Put($"/{writer}", $"{i}"));
            }
        })));

        foreach (Task<List<StoreBatch>> watch in watches)
        {
            Assert.Equal(Enumerable.Range(1, Writers * Each).Select(i => (long)i), (await watch).Select(batch => batch.Revision));
        }

        // One that comes later and resumes in the middle sees the same.
        Assert.Equal((await watches[0]).Skip(150).Select(Show), (await Take("/", 150, (Writers * Each) - 150)).Select(Show));
    }

    [Fact]
    public async Task Observe_Commit_IsSeenBeforeItReturns()
    {
        if (Store is not ILocalStore local)
        {
            Assert.Skip("not a local engine");
            return;
        }

        await Commit(Put("/a", "1"));
        var seen = new List<long>();
        IDisposable observation = local.Observe(batch => seen.Add(batch.Revision), out long since);
        Assert.Equal(1, since);

        for (int i = 2; i <= 50; i++)
        {
            CommitResult result = await Commit(Put("/a", $"{i}"));
            Assert.Equal(i, result.Revision);
            Assert.Equal(i, seen[^1]);
        }

        observation.Dispose();
        await Commit(Put("/a", "51"));
        Assert.Equal(Enumerable.Range(2, 49).Select(i => (long)i), seen);
    }
}
