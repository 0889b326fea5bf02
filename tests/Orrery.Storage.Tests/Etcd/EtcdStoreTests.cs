using Orrery.Storage.Etcd;

namespace Orrery.Storage.Tests.Etcd;

/// <summary>The conformance suite on a real etcd that earlier tests have written to and compacted.</summary>
public sealed class EtcdStoreTests(EtcdFixture etcd) : StoreConformance, IClassFixture<EtcdFixture>
{
    public override ValueTask DisposeAsync() => Store is null ? ValueTask.CompletedTask : base.DisposeAsync();

    protected override async ValueTask<IStore> OpenAsync()
    {
        EtcdStore store = await etcd.OpenAsync(etcd.NewPrefix(), Token);

        // One change of a prefix that no test uses: its revision is the newest of the whole etcd.
        await using EtcdStore other = await etcd.OpenAsync("/origin", Token);
        CommitResult origin = await other.CommitAsync(new Transaction([], [Put("/origin", "")]), Token);
        return new RebasedStore(store, origin.Revision);
    }
}
