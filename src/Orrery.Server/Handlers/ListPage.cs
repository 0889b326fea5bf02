using Orrery.Api;
using Orrery.Server.Cache;

namespace Orrery.Server.Handlers;

/// <summary>What one answer of a list shows.</summary>
/// <param name="LastKey">Where the next page goes on; null on the last one.</param>
/// <param name="Remaining">Objects after this page; null when a selector hides how many.</param>
internal sealed record ListPage(IReadOnlyList<CachedObject> Items, string? LastKey, long? Remaining)
{
    public static ListPage Take(ResourceRequest request, CacheSnapshot snapshot, string prefix, Selection selection, string? startAfter, long limit)
    {
        // One name in one namespace is one key.
        if (selection.Name is { } name && startAfter is null && !request.Cluster.IsAll && (request.Namespace.Length > 0 || !request.Resource.Namespaced))
        {
            CachedObject? one = request.Server.Objects.FindIn(snapshot, request.Resource, request.Cluster, request.Namespace, name);
            return new ListPage(one is not null && selection.Matches(one) ? [one] : [], null, null);
        }

        var items = new List<CachedObject>();
        foreach (CachedObject item in request.Server.Objects.Range(snapshot, request.Resource, request.Cluster, prefix, startAfter))
        {
            if (!selection.Matches(item))
            {
                continue;
            }

            if (limit > 0 && items.Count == limit)
            {
                long? remaining = selection.IsEverything ? Count(request, snapshot, prefix, items[^1].Key) : null;
                return new ListPage(items, items[^1].Key, remaining);
            }

            items.Add(item);
        }

        return new ListPage(items, null, null);
    }

    private static long Count(ResourceRequest request, CacheSnapshot snapshot, string prefix, string after) =>
        request.Server.Objects.Range(snapshot, request.Resource, request.Cluster, prefix, after).LongCount();
}
