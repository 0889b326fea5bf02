using Orrery.Storage.Etcd;
using Orrery.Testing;

namespace Orrery.Storage.Tests.Etcd;

/// <summary>An etcd that passes its quota carries out the very write that it then refuses: what the store says must be what happened.</summary>
public sealed class EtcdFullTests : IDisposable
{
    private readonly TempDirectory folder = new();
    private IReadOnlyList<EtcdMember> members = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (EtcdMember member in members)
        {
            member.Dispose();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task Commit_WhileItFills_SaysWhatHappened()
    {
        EtcdFixture.SkipWithoutEtcd();
        members = EtcdMember.StartCluster(1, folder.Path, options: ["--quota-backend-bytes", $"{8 << 20}"]);
        await using EtcdStore store = await EtcdStore.OpenAsync(new EtcdOptions { Endpoints = [members[0].Client], CallTimeout = EtcdHarness.OfACall, RetryFor = EtcdHarness.Patience }, Token);
        byte[] large = new byte[300_000];
        var acknowledged = new List<string>();
        int refused = 0;
        for (int i = 0; refused < 5; i++)
        {
            Assert.True(i < 200, "etcd does not fill");
            string key = $"/k{i:d3}";
            try
            {
                CommitResult made = await store.CommitAsync(new Transaction([new Condition(key, 0)], [new Write(key, large)]), Token);
                Assert.True(made.Succeeded);
                Assert.Equal(made.Revision, (await store.GetAsync(key, Token))!.ModRevision);
                acknowledged.Add(key);
            }
            catch (StoreException full)
            {
                Assert.True(full.IsFull, full.Message);
                Assert.Null(await store.GetAsync(key, Token));
                refused++;
            }
        }

        // An update and a delete are refused and not done, too; a write that nothing was known of is of unknown outcome.
        StoredValue first = (await store.GetAsync(acknowledged[0], Token))!;
        Assert.True((await Refused(store, new Transaction([new Condition(first.Key, first.ModRevision)], [new Write(first.Key, "new"u8.ToArray())]))).IsFull);
        Assert.True((await Refused(store, new Transaction([new Condition(first.Key, first.ModRevision)], [new Write(first.Key, null)]))).IsFull);
        Assert.True((await Refused(store, new Transaction([], [new Write("/blind", "x"u8.ToArray())]))).OutcomeUnknown);
        Assert.Equal(acknowledged, (await store.RangeAsync("", null, 0, 0, Token)).Items.Select(i => i.Key));
    }

    private static async Task<StoreException> Refused(EtcdStore store, Transaction transaction) =>
        await Assert.ThrowsAsync<StoreException>(async () => await store.CommitAsync(transaction, Token));
}
