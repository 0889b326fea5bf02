using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Server.CustomResources;
using Orrery.Server.Registry;
using Orrery.Server.Security;
using Orrery.Server.Webhooks;
using Orrery.Storage;
using Orrery.Storage.Memory;

namespace Orrery.Server.Tests.Clusters;

/// <summary>A write that is under way when its cluster is closed does not land behind the purge's back.</summary>
public sealed class PurgeFenceTests : IAsyncLifetime
{
    private static readonly ClusterName Shop = new("acme", "shop");
    private static readonly string Record = StoreKey.Of(OrreryResources.LogicalClusters.GroupResource, ClusterName.Root, "acme", "shop");
    private static readonly ResourceDefinition ConfigMaps = BuiltinResources.Instance.Require("", "v1", "configmaps");

    private readonly InterruptedStore store = new(new MemoryStore(TimeProvider.System));
    private CacheSet caches = null!;
    private ObjectStore objects = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        caches = await CacheSet.StartAsync(store, TimeProvider.System, NullLogger<CacheSet>.Instance, Token);
        AccessControl access = AccessControl.Create(new AuthenticationOptions(), caches, new AddressGuard([]), DateTimeOffset.UnixEpoch, new ResourceCatalog(new CustomResourceSet(caches), servesVirtualClusters: true, new HashSet<string>()), TimeProvider.System, NullLoggerFactory.Instance);
        objects = new ObjectStore(caches, access.BaseLayer, access.Clusters);
        await caches.CommitAsync(new Transaction([], [new Write(Record, RecordOf("1"))]), Token);
    }

    public async ValueTask DisposeAsync()
    {
        await caches.DisposeAsync();
        await store.DisposeAsync();
    }

    [Fact]
    public async Task Create_ClusterClosedMeanwhile_Is404AndWritesNothing()
    {
        store.BeforeNext = inner => PutRecordAsync(inner, RecordOf("2", deleting: true));

        StatusException refused = await Assert.ThrowsAsync<StatusException>(async () => await CreateAsync());

        Assert.Equal(404, refused.Code);
        Assert.Equal("virtualclusters.orrery.dev \"acme/shop\" not found", refused.Message);
        Assert.Null(await store.GetAsync(ConfigMaps.KeyOf(Shop, "default", "a"), Token));
    }

    [Fact]
    public async Task Create_ClusterGoneMeanwhile_Is404AndWritesNothing()
    {
        store.BeforeNext = async inner => await inner.CommitAsync(new Transaction([], [new Write(Record, null)]), Token);

        Assert.Equal(404, (await Assert.ThrowsAsync<StatusException>(async () => await CreateAsync())).Code);
        Assert.Null(await store.GetAsync(ConfigMaps.KeyOf(Shop, "default", "a"), Token));
    }

    [Fact]
    public async Task Create_RecordChangedMeanwhile_IsTriedAgain()
    {
        store.BeforeNext = inner => PutRecordAsync(inner, RecordOf("2"));

        CommitResult made = await CreateAsync();

        Assert.True(made.Succeeded);
        Assert.Equal(made.Revision, (await store.GetAsync(ConfigMaps.KeyOf(Shop, "default", "a"), Token))?.ModRevision);
    }

    [Fact]
    public async Task Create_KeyTakenMeanwhile_FailsForTheKey()
    {
        string key = ConfigMaps.KeyOf(Shop, "default", "a");
        store.BeforeNext = async inner =>
        {
            await PutRecordAsync(inner, RecordOf("2"));
            await inner.CommitAsync(new Transaction([], [new Write(key, ConfigMap())]), Token);
        };

        CommitResult lost = await CreateAsync();

        Assert.False(lost.Succeeded);
        Assert.Equal(key, lost.FailedCondition?.Key);
    }

    [Fact]
    public async Task Delete_InAClusterThatIsClosing_StillHappens()
    {
        await CreateAsync();
        StoredObject current = objects.Find(ConfigMaps, Shop, "default", "a")!;
        await caches.CommitAsync(new Transaction([], [new Write(Record, RecordOf("2", deleting: true))]), Token);

        CommitResult deleted = await objects.DeleteAsync(ConfigMaps, Shop, "default", "a", current, default, Token);

        Assert.True(deleted.Succeeded);
        Assert.Null(await store.GetAsync(ConfigMaps.KeyOf(Shop, "default", "a"), Token));
        Assert.Equal(404, (await Assert.ThrowsAsync<StatusException>(async () => await CreateAsync())).Code);
    }

    private ValueTask<CommitResult> CreateAsync() => objects.CreateAsync(ConfigMaps, Shop, "default", "a", ConfigMap(), default, Token);

    private static async Task PutRecordAsync(IStore inner, byte[] record) =>
        Assert.True((await inner.CommitAsync(new Transaction([], [new Write(Record, record)]), Token)).Succeeded);

    private static byte[] RecordOf(string turn, bool deleting = false) => Encoding.UTF8.GetBytes(
        $$"""{"metadata":{"name":"shop","namespace":"acme","uid":"u","labels":{"turn":"{{turn}}"}{{(deleting ? ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"" : "")}}} }""");

    private static byte[] ConfigMap() => """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"default"} }"""u8.ToArray();
}
