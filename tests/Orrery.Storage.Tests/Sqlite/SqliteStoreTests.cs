using Orrery.Storage.Sqlite;

namespace Orrery.Storage.Tests.Sqlite;

public sealed class SqliteStoreTests : StoreConformance
{
    private readonly StoreDirectory directory = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        directory.Dispose();
    }

    protected override ValueTask<IStore> OpenAsync() => new(SqliteStore.Open(directory.StorePath, TimeProvider.System));
}
