using System.Text.Json;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Storage;

namespace Orrery.Server.Registry;

/// <summary>
/// Keeps servers of one store from giving one address of a cluster to two Services: whoever gives one writes the guard of that address in the same transaction,
/// on condition that it is as it was when the Services were looked through. A guard stands for all addresses of one hash, so that there are few of them and none needs to be
/// taken away again; those who meet at one by chance merely look once more. Where no other server can be there are none.
/// </summary>
internal sealed class AddressGuards(CacheSet caches)
{
    private const int Count = 64;
    private static readonly GroupResource Resource = new("internal.orrery.dev", "addressguards");

    private readonly bool isNeeded = caches.Store is not ILocalStore;

    /// <summary>The guards as they are, once all Services can be seen that they stand for. Null: none are needed.</summary>
    public async ValueTask<CacheSnapshot?> SeenAsync(CancellationToken cancellationToken)
    {
        if (!isNeeded)
        {
            return null;
        }

        CacheSnapshot seen = caches.For(Resource).Current;
        await caches.WaitForAsync(seen.Revision, cancellationToken);
        return seen;
    }

    /// <summary>What a commit that gives addresses must ask and write.</summary>
    public static CommitAdditions For(CacheSnapshot seen, ClusterName cluster, IEnumerable<string> given)
    {
        string[] keys = [.. given.Select(Slot).Distinct().Order().Select(slot => StoreKey.Of(Resource, cluster, "", $"{slot:00}"))];
        return keys.Length == 0 ? default
            : new CommitAdditions([.. keys.Select(key => new Condition(key, seen.Get(key)?.Revision ?? 0))], [.. keys.Select(key => new Write(key, Value(key)))]);
    }

    /// <summary>The same in every process: FNV-1a.</summary>
    private static uint Slot(string address)
    {
        uint hash = 2166136261;
        foreach (char c in address)
        {
            hash = (hash ^ c) * 16777619;
        }

        return (hash ^ (hash >> 16)) % Count;
    }

    private static byte[] Value(string key) => JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
    {
        ["apiVersion"] = "internal.orrery.dev/v1alpha1",
        ["kind"] = "AddressGuard",
        ["metadata"] = new Dictionary<string, string> { ["name"] = key[(key.LastIndexOf('/') + 1)..] },
    });
}
