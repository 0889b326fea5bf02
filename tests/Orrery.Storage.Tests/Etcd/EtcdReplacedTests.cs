using System.Text;
using Orrery.Storage.Etcd;

namespace Orrery.Storage.Tests.Etcd;

/// <summary>Somebody empties an etcd, or puts an older state of it back, under stores that are in use.</summary>
public sealed class EtcdReplacedTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_AnOlderStateWasPutBack_SaysSoAndRevisionsDoNotFall()
    {
        await using EtcdHarness etcd = await EtcdHarness.StartAsync(1, Token);
        EtcdStore first = await etcd.OpenAsync(Token), second = await etcd.OpenAsync(Token);
        await PutAsync(first, "/kept");
        etcd.Keep();
        long last = 0;
        for (int i = 0; i < 100; i++)
        {
            last = await PutAsync(first, $"/lost{i}");
        }

        Task<ReplacedException> a = FollowAsync(first, last), b = FollowAsync(second, last);
        etcd.PutBack();

        foreach ((EtcdStore store, ReplacedException replaced) in new[] { (first, await a), (second, await b) })
        {
            Assert.Contains("an older state of /orrery was put back into the etcd: it had revision", replaced.Message);
            Assert.True(replaced.Since > last, $"{replaced.Since} is beyond {last}");
            RangeResult now = await store.RangeAsync("", null, 0, 0, Token);
            Assert.Equal("/kept", Assert.Single(now.Items).Key);
            Assert.True(now.Revision >= replaced.Since);
        }

        // What comes now follows from there, for both, and for one that is started anew.
        long made = await PutAsync(second, "/after");
        Assert.Equal(made, (await NextAsync(first, (await first.RangeAsync("", null, 0, made - 1, Token)).Revision)).Revision);
        EtcdStore third = await etcd.OpenAsync(Token);
        ReplacedException past = await FollowAsync(third, last);
        Assert.InRange(past.Since, last + 1, made - 1);
        Assert.Equal(made, (await NextAsync(third, past.Since)).Revision);
    }

    [Fact]
    public async Task Watch_EverythingWasDeleted_TakesNothingForDeletedUntilItIsPutBack()
    {
        await using EtcdHarness etcd = await EtcdHarness.StartAsync(1, Token);
        EtcdStore store = await etcd.OpenAsync(Token);
        await PutAsync(store, "/kept");
        etcd.Keep();
        long last = await PutAsync(store, "/lost");
        Task<StoreException> end = EndAsync(store, last);

        await etcd.DeleteAllAsync("", Token);

        Assert.Contains("/orrery of this etcd was emptied by somebody else, and nothing is taken for deleted", (await end).Message);
        foreach (Func<Task> call in (Func<Task>[])
            [async () => await store.ReadRevisionAsync(Token), async () => await store.GetAsync("/kept", Token), async () => await store.RangeAsync("", null, 0, 0, Token), () => PutAsync(store, "/new")])
        {
            Assert.True((await Assert.ThrowsAsync<StoreException>(call)).IsEmptied);
        }

        // Another that is started on it as it is begins anew, and the former stays as it is.
        EtcdStore another = await etcd.OpenAsync(Token);
        await PutAsync(another, "/another");
        Assert.Contains("is another installation's now", (await EndAsync(store, last)).Message);

        // What was there is back, and so is the store.
        etcd.PutBack();
        Assert.True((await FollowAsync(store, last)).Since > last);
        Assert.Equal("/kept", Assert.Single((await store.RangeAsync("", null, 0, 0, Token)).Items).Key);
    }

    /// <summary>Nobody is told of a revision again while nobody has noticed yet.</summary>
    [Fact]
    public async Task Calls_BeforeAnyWatchHasSeenIt_DoNotTellOfRevisionsThatWere()
    {
        await using EtcdHarness etcd = await EtcdHarness.StartAsync(1, Token);
        EtcdStore store = await etcd.OpenAsync(Token);
        await PutAsync(store, "/kept");
        etcd.Keep();
        await PutAsync(store, "/lost1");
        long last = await PutAsync(store, "/lost2");

        etcd.PutBack();

        Assert.False((await Assert.ThrowsAsync<StoreException>(async () => await store.ReadRevisionAsync(Token))).OutcomeUnknown);
        Assert.True((await Assert.ThrowsAsync<StoreException>(() => PutAsync(store, "/new"))).OutcomeUnknown);
        await FollowAsync(store, last);
        Assert.True(await PutAsync(store, "/after") > last);
    }

    /// <summary>What is about the store itself stays; but no transaction of ours is as large.</summary>
    [Fact]
    public async Task Watch_AllObjectsWereDeletedAtOnce_AreNotToldAsDeleted()
    {
        await using EtcdHarness etcd = await EtcdHarness.StartAsync(1, Token);
        EtcdStore store = await etcd.OpenAsync(Token);
        long last = 0;
        for (int i = 0; i <= EtcdStore.MostWrites; i++)
        {
            last = await PutAsync(store, $"/{i}");
        }

        Task<ReplacedException> end = FollowAsync(store, last);
        await etcd.DeleteAllAsync("/orrery/", Token);

        Assert.Equal(last + 1, (await end).Since);
        Assert.Empty((await store.RangeAsync("", null, 0, 0, Token)).Items);
    }

    private static async Task<long> PutAsync(EtcdStore store, string key) =>
        (await store.CommitAsync(new Transaction([new Condition(key, 0)], [new Write(key, Encoding.UTF8.GetBytes(key))]), Token)).Revision;

    /// <summary>Follows as a server does, over failures, until what comes does not follow; nothing else may come.</summary>
    private static Task<ReplacedException> FollowAsync(EtcdStore store, long after) => UntilAsync<ReplacedException>(store, after, fault => fault is StoreException);

    private static Task<StoreException> EndAsync(EtcdStore store, long after) => UntilAsync<StoreException>(store, after, fault => fault is StoreException { IsEmptied: false });

    private static async Task<T> UntilAsync<T>(EtcdStore store, long after, Predicate<Exception> passes)
        where T : Exception
    {
        while (true)
        {
            try
            {
                StoreBatch batch = await NextAsync(store, after);
                Assert.Fail($"revision {batch.Revision} was told: {string.Join(", ", batch.Events.Select(e => e.Key))}");
            }
            catch (T end) when (!passes(end))
            {
                return end;
            }
            catch (StoreException away) when (passes(away))
            {
                // The member is on its way.
            }
        }
    }

    private static async Task<StoreBatch> NextAsync(EtcdStore store, long after) => await store.WatchAsync("", after, Token).FirstAsync(Token).AsTask().WaitAsync(EtcdHarness.Patience, Token);
}
