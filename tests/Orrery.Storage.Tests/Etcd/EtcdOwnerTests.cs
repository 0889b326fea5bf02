using Orrery.Storage.Backup;
using Orrery.Storage.Etcd;

namespace Orrery.Storage.Tests.Etcd;

/// <summary>Servers with different keys do not share an etcd.</summary>
public sealed class EtcdOwnerTests(EtcdFixture etcd) : IClassFixture<EtcdFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Open_ByAnotherOwner_IsRefusedAndNamesBoth()
    {
        EtcdOptions options = etcd.Options(etcd.NewPrefix());
        await using (IStore first = await EtcdBackup.OpenAsync(options with { Owner = "sha256:aa" }, Token))
        {
            await first.CommitAsync(new Transaction([], [new Write("/a", "1"u8.ToArray())]), Token);
        }

        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => EtcdBackup.OpenAsync(options with { Owner = "sha256:bb" }, Token));

        Assert.True(refused.IsOfAnotherOwner);
        Assert.Contains("belongs to servers with other keys (sha256:aa; here: sha256:bb)", refused.Message);
        await using IStore again = await EtcdBackup.OpenAsync(options with { Owner = "sha256:aa" }, Token);
        Assert.Single((await again.RangeAsync("", null, 0, 0, Token)).Items);
    }

    [Fact]
    public async Task Open_ManyOwnersAtOnce_LetsInOne()
    {
        EtcdOptions options = etcd.Options(etcd.NewPrefix());

        bool[] wasLetIn = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await using IStore store = await EtcdBackup.OpenAsync(options with { Owner = $"sha256:{i}" }, Token);
                return true;
            }
            catch (StoreException refused) when (refused.IsOfAnotherOwner)
            {
                return false;
            }
        }));

        Assert.Single(wasLetIn, letIn => letIn);
    }

    [Fact]
    public async Task Open_AfterRestore_TakesTheNextOwner()
    {
        EtcdOptions options = etcd.Options(etcd.NewPrefix());
        await (await EtcdBackup.OpenAsync(options with { Owner = "sha256:aa" }, Token)).DisposeAsync();

        await EtcdBackup.RestoreAsync(options, new BackupHeader(1, default), Nothing(), Token);

        await (await EtcdBackup.OpenAsync(options with { Owner = "sha256:bb" }, Token)).DisposeAsync();
    }

    private static async IAsyncEnumerable<StoredValue> Nothing()
    {
        await Task.CompletedTask;
        yield break;
    }

    /// <summary>Servers change their name one after the other: the store goes along with the first, and lets the others in until they do.</summary>
    [Fact]
    public async Task Open_ByOneWhoChangesItsName_IsLetInOnBothSidesOfTheChange()
    {
        EtcdOptions options = etcd.Options(etcd.NewPrefix());
        foreach (EtcdOptions server in (EtcdOptions[])
            [options with { Owner = "old" }, options with { Owner = "old", FormerOwner = "old", NextOwner = "new" }, options with { Owner = "new", FormerOwner = "old", NextOwner = "new" },
             options with { Owner = "old", FormerOwner = "old", NextOwner = "new" }, options with { Owner = "new" }])
        {
            await using IStore store = await EtcdBackup.OpenAsync(server, Token);
        }

        Assert.True((await Assert.ThrowsAsync<StoreException>(() => EtcdBackup.OpenAsync(options with { Owner = "old" }, Token))).IsOfAnotherOwner);
        Assert.True((await Assert.ThrowsAsync<StoreException>(() => EtcdBackup.OpenAsync(options with { Owner = "third", FormerOwner = "fourth", NextOwner = "fifth" }, Token))).IsOfAnotherOwner);
    }
}
