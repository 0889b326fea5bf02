namespace Orrery.Storage.Tests;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Commit_FirstWrite_MakesRevisionOne()
    {
        Assert.Equal(0, await Store.ReadRevisionAsync(Token));

        CommitResult result = await Commit(Put("/a", "1"));

        Assert.Equal(new CommitResult(true, 1), result);
        Assert.Equal(1, await Store.ReadRevisionAsync(Token));
        StoredValue stored = (await Store.GetAsync("/a", Token))!;
        Assert.Equal(("/a", "1", 1L, 1L), (stored.Key, Text(stored), stored.ModRevision, stored.CreateRevision));
    }

    [Fact]
    public async Task Commit_SeveralWrites_ShareOneRevision()
    {
        await Commit(Put("/a", "1"));

        Assert.Equal(2, (await Commit(Put("/a", "2"), Put("/b", "3"))).Revision);

        Assert.Equal("/a=2@2/1 /b=3@2/2", Show(await Store.RangeAsync("/", null, 0, 0, Token)));
    }

    [Fact]
    public async Task Commit_RecreatedKey_StartsAnewAtItsRevision()
    {
        await Commit(Put("/a", "1"));
        await Commit(Delete("/a"));
        await Commit(Put("/a", "2"));

        Assert.Equal("/a=2@3/3", Show(await Store.RangeAsync("/", null, 0, 0, Token)));
    }

    [Fact]
    public async Task Commit_DeleteOfAbsentKey_ChangesNothing()
    {
        await Commit(Put("/a", "1"));

        Assert.Equal(new CommitResult(true, 1), await Commit(Delete("/b")));
        Assert.Equal(new CommitResult(true, 1), await Commit());
        Assert.Equal(2, (await Commit(Delete("/b"), Put("/c", "1"))).Revision);
        Assert.Equal("2: /c <absent>->1", Show(Assert.Single(await Take("/", 1, 1))));
    }

    [Fact]
    public async Task Commit_ConditionHolds_Applies()
    {
        await Commit(Put("/a", "1"));

        CommitResult result = await CommitIf([new Condition("/a", 1), new Condition("/b", 0)], Put("/a", "2"), Put("/b", "1"));

        Assert.Equal(new CommitResult(true, 2), result);
        Assert.Equal("/a=2@2/1 /b=1@2/2", Show(await Store.RangeAsync("/", null, 0, 0, Token)));
    }

    [Fact]
    public async Task Commit_OneConditionFails_ChangesNothingAndTellsTheActual()
    {
        await Commit(Put("/a", "1"));
        await Commit(Put("/b", "2"));

        CommitResult result = await CommitIf([new Condition("/a", 1), new Condition("/b", 1)], Put("/a", "x"), Delete("/b"));

        Assert.False(result.Succeeded);
        Assert.Equal(2, result.Revision);
        Assert.Equal(new Condition("/b", 1), result.FailedCondition);
        Assert.Equal(("2", 2L), (Text(result.Actual), result.Actual!.ModRevision));
        Assert.Equal("/a=1@1/1 /b=2@2/2", Show(await Store.RangeAsync("/", null, 0, 0, Token)));
    }

    [Fact]
    public async Task Commit_ConditionOnAbsentKey_FailsWithoutActual()
    {
        CommitResult result = await CommitIf([new Condition("/a", 7)], Put("/a", "x"));

        Assert.Equal(new CommitResult(false, 0, new Condition("/a", 7)), result);
    }

    [Fact]
    public async Task Commit_CreateOnlyOverLiveKey_Fails()
    {
        await Commit(Put("/a", "1"));

        Assert.False((await CommitIf([new Condition("/a", 0)], Put("/a", "2"))).Succeeded);

        await Commit(Delete("/a"));
        Assert.True((await CommitIf([new Condition("/a", 0)], Put("/a", "2"))).Succeeded);
    }

    [Fact]
    public async Task Commit_OneKeyTwice_IsRefused()
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await Commit(Put("/a", "1"), Put("/a", "2")));
        Assert.Equal(0, await Store.ReadRevisionAsync(Token));
    }

    [Fact]
    public async Task Commit_CancelledBefore_ChangesNothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Store.CommitAsync(new Transaction([], [Put("/a", "1")]), new CancellationToken(canceled: true)));

        Assert.Equal(1, (await Commit(Put("/b", "1"))).Revision);
        Assert.Null(await Store.GetAsync("/a", Token));
    }

    [Fact]
    public async Task Commit_EmptyAndLargeValues_ComeBackAsTheyWere()
    {
        byte[] large = new byte[3 << 20];
        new Random(7).NextBytes(large);
        await Commit(new Write("/large", large), new Write("/empty", ReadOnlyMemory<byte>.Empty));

        Assert.Equal(0, (await Store.GetAsync("/empty", Token))!.Value.Length);
        Assert.True((await Store.GetAsync("/large", Token))!.Value.Span.SequenceEqual(large));
        Assert.Equal(["/empty", "/large"], (await Store.RangeAsync("/", null, 0, 0, Token)).Items.Select(item => item.Key));
    }

    [Fact]
    public async Task Commit_ManyAtOnceOnOneKey_EachConditionHoldsOnce()
    {
        await Commit(Put("/counter", "0"));

        async Task Increment()
        {
            while (true)
            {
                StoredValue now = (await Store.GetAsync("/counter", Token))!;
                string next = (int.Parse(Text(now)) + 1).ToString();
                if ((await CommitIf([new Condition("/counter", now.ModRevision)], Put("/counter", next))).Succeeded)
                {
                    return;
                }
            }
        }

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < 25; i++)
            {
                await Increment();
            }
        })));

        Assert.Equal("200", Text(await Store.GetAsync("/counter", Token)));
        Assert.Equal(201, await Store.ReadRevisionAsync(Token));
    }

    [Fact]
    public async Task Commit_ManyAtOnce_GivesEachItsOwnRevision()
    {
        CommitResult[] results = await Task.WhenAll(
            Enumerable.Range(0, 500).Select(i => Task.Run(async () => await Commit(Put($"/k{i:d3}", $"{i}")))));

        Assert.Equal(Enumerable.Range(1, 500).Select(i => (long)i), results.Select(result => result.Revision).Order());
        RangeResult all = await Store.RangeAsync("/", null, 0, 0, Token);
        Assert.Equal(500, all.Items.Count);
        Assert.All(results.Zip(all.Items), pair => Assert.Equal(pair.First.Revision, pair.Second.ModRevision));
    }
}
