using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Storage;
using Orrery.Storage.Memory;

namespace Orrery.Server.Tests.Cache;

/// <summary>A cache set over a store in memory, and short words for what tests do with it.</summary>
internal sealed class CacheFixture : IAsyncDisposable
{
    public static readonly GroupResource Pods = new("", "pods");
    public static readonly GroupResource Deployments = new("apps", "deployments");
    public static readonly ClusterName Shop = new("acme", "shop");
    public static readonly ClusterName Bank = new("acme", "bank");

    private CacheFixture(IStore store, CacheSet set)
    {
        Store = store;
        Set = set;
    }

    public IStore Store { get; }

    public CacheSet Set { get; }

    public ResourceCache PodCache => Set.For(Pods);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<CacheFixture> StartAsync(IStore? store = null, TimeProvider? time = null)
    {
        store ??= new MemoryStore(TimeProvider.System);
        return new CacheFixture(store, await CacheSet.StartAsync(store, time ?? TimeProvider.System, NullLogger<CacheSet>.Instance, Token));
    }

    public static string Pod(ClusterName cluster, string name, string @namespace = "default") => StoreKey.Of(Pods, cluster, @namespace, name);

    public static Write Put(string key, string note = "") => new(key, Bytes(key, note));

    public static byte[] Bytes(string key, string note) => Encoding.UTF8.GetBytes(
        $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{key.Split('/')[^1]}}}","labels":{"app":"web"}},"spec":{"note":"{{{note}}}"}}""");

    public static string Show(CacheEvent change) => $"{change.Type} {change.Object.Name} @{change.Revision}";

    public async Task<long> Commit(params Write[] writes)
    {
        CommitResult result = await Set.CommitAsync(new Transaction([], writes), Token);
        Assert.True(result.Succeeded);
        return result.Revision;
    }

    public Task<long> PutPod(ClusterName cluster, string name, string note = "", string @namespace = "default") => Commit(Put(Pod(cluster, name, @namespace), note));

    public Task<long> DeletePod(ClusterName cluster, string name, string @namespace = "default") => Commit(new Write(Pod(cluster, name, @namespace), null));

    public static List<CacheEvent> Drain(CacheWatcher watcher)
    {
        var events = new List<CacheEvent>();
        while (watcher.TryRead(out CacheEvent? next))
        {
            events.Add(next);
        }

        return events;
    }

    public async ValueTask DisposeAsync()
    {
        await Set.DisposeAsync();
        await Store.DisposeAsync();
    }
}
