using System.Collections.Concurrent;
using Orrery.Api;

namespace Orrery.Server.Cache;

/// <summary>The caches of all resources, found by resource or by the key of an object without allocating.</summary>
internal sealed class ResourceIndex(Func<GroupResource, ResourceCache> make)
{
    private readonly ConcurrentDictionary<GroupResource, ResourceCache> byResource = new();
    private readonly ConcurrentDictionary<string, ResourceCache> byPrefix = new(StringComparer.Ordinal);

    /// <summary>In the order of their names, so that what goes through them all goes the same way in every process.</summary>
    public IEnumerable<ResourceCache> All => byResource.Values.OrderBy(c => c.Resource.ToString(), StringComparer.Ordinal);

    /// <summary>For what does not depend on the order.</summary>
    public IEnumerable<ResourceCache> Unordered => byResource.Values;

    public ResourceCache For(GroupResource resource) =>
        byResource.TryGetValue(resource, out ResourceCache? cache) ? cache : byResource.GetOrAdd(resource, make);

    /// <summary>The cache that holds a key; null when the key is not that of an object.</summary>
    public ResourceCache? Of(string key)
    {
        if (!KeyParts.TryParse(key, out KeyParts parts))
        {
            return null;
        }

        ReadOnlySpan<char> prefix = key.AsSpan(0, parts.Cluster);
        if (byPrefix.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(prefix, out ResourceCache? cache))
        {
            return cache;
        }

        cache = For(StoreKey.ParseResource(prefix));
        return byPrefix.GetOrAdd(prefix.ToString(), cache);
    }
}
