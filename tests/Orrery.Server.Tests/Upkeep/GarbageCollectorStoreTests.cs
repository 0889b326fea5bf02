using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Tests.Clusters;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Server.Tests.Upkeep;

/// <summary>A store that others share goes away now and then, and forgets.</summary>
public sealed class GarbageCollectorStoreTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Follow_BrokenWhereAnOwnerGoes_CollectsItsDependents(bool isForgotten)
    {
        int broken = 0;
        await using var store = new InterruptedStore(new MemoryStore(TimeProvider.System));
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token);
        KubeObject owner = await server.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("owner"), ServerFixture.Token);
        JsonObject child = ServerFixture.ConfigMap("child");
        child.Metadata["ownerReferences"] = new JsonArray(ServerFixture.Owner(owner));
        await server.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", child, ServerFixture.Token);

        // The collector's own watch alone, and once.
        store.Breaks = (prefix, batch) =>
            prefix == "/" && batch.Events.Any(e => e.Value is null && e.Key.EndsWith("/default/owner", StringComparison.Ordinal)) && Interlocked.Increment(ref broken) == 1
                ? isForgotten ? new CompactedException(batch.Revision) : new StoreException("no member answers", outcomeUnknown: false)
                : null;
        await server.Admin.DeleteAsync(ServerFixture.ConfigMaps, "default", "owner", null, ServerFixture.Token);

        await Eventually.TrueAsync(
            async () => await server.Admin.FindAsync(ServerFixture.ConfigMaps, "default", "child", ServerFixture.Token) is null, "the child goes", cancellationToken: ServerFixture.Token);
        Assert.InRange(broken, 1, 2);
    }
}
