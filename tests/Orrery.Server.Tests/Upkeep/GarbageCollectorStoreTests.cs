using System.Text;
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

    /// <summary>Nobody looked while owners went, or came anew under their names; what is owned did not change.</summary>
    [Fact]
    public async Task Start_OverWhatWentUnseen_CollectsItAndNothingElse()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        await using (TestServer first = await TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token))
        {
            var owners = new Dictionary<string, KubeObject>(StringComparer.Ordinal);
            foreach (string name in (string[])["stays", "goes", "anew"])
            {
                owners[name] = await first.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap(name), ServerFixture.Token);
            }

            foreach (string[] named in (string[][])[["stays"], ["goes"], ["anew"], ["stays", "goes"]])
            {
                JsonObject child = ServerFixture.ConfigMap("of-" + string.Join('-', named));
                child.Metadata["ownerReferences"] = new JsonArray([.. named.Select(n => ServerFixture.Owner(owners[n]))]);
                await first.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", child, ServerFixture.Token);
            }
        }

        const string Keys = "/core/configmaps/-/default/";
        string anew = Encoding.UTF8.GetString((await store.GetAsync(Keys + "anew", ServerFixture.Token))!.Value.Span);
        string uid = KubeObject.Parse(Encoding.UTF8.GetBytes(anew)).Uid;
        await store.CommitAsync(
            new Transaction([], [new Write(Keys + "goes", null), new Write(Keys + "anew", Encoding.UTF8.GetBytes(anew.Replace(uid, Guid.NewGuid().ToString(), StringComparison.Ordinal)))]), ServerFixture.Token);

        await using TestServer second = await TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token);
        async Task<string[]> LeftAsync() =>
        [
            .. (await second.Admin.ListAsync(ServerFixture.ConfigMaps, "default", null, ServerFixture.Token)).Items.Where(c => c.Name.StartsWith("of-", StringComparison.Ordinal))
                .Select(c => $"{c.Name}: {c.At("metadata", "ownerReferences")?.GetArrayLength()}"),
        ];
        string[] wanted = ["of-stays: 1", "of-stays-goes: 1"];
        await Eventually.TrueAsync(async () => (await LeftAsync()).SequenceEqual(wanted), "what has no owner goes, and what has one more loses the other", cancellationToken: ServerFixture.Token);
    }
}
