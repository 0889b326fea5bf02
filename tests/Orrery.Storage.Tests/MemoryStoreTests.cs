using Orrery.Storage.Memory;

namespace Orrery.Storage.Tests;

public sealed class MemoryStoreTests : StoreConformance
{
    protected override ValueTask<IStore> OpenAsync() => new(new MemoryStore(TimeProvider.System));
}
