using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>What one answer of a list shows.</summary>
/// <param name="LastKey">Where the next page goes on; null on the last one.</param>
/// <param name="Remaining">Objects after this page; null when a selector hides how many.</param>
/// <param name="LookedAt">Objects that were looked at for it.</param>
internal sealed record ListPage(IReadOnlyList<CachedObject> Items, string? LastKey, long? Remaining, int LookedAt)
{
    /// <summary>Objects that a webhook converts are looked at together, this many.</summary>
    private const int LookedAtOnce = 500;

    public static ValueTask<ListPage> TakeAsync(
        ResourceRequest request, LayeredSnapshot snapshot, string prefix, Selection selection, string? startAfter, long limit, CancellationToken cancellationToken) =>
        request.Resource.Remote is null || !selection.LooksInside
            ? new(Take(request, snapshot, prefix, selection, startAfter, limit))
            : TakeConvertedAsync(request, snapshot, prefix, selection, startAfter, limit, cancellationToken);

    /// <summary>What a field holds is known in the version that is asked for alone, as in a watch.</summary>
    private static async ValueTask<ListPage> TakeConvertedAsync(
        ResourceRequest request, LayeredSnapshot snapshot, string prefix, Selection selection, string? startAfter, long limit, CancellationToken cancellationToken)
    {
        var items = new List<CachedObject>();
        int lookedAt = 0;
        foreach (CachedObject[] some in ObjectStore.Range(snapshot, request.Cluster, prefix, startAfter).Where(selection.MatchesLabels).Chunk(LookedAtOnce))
        {
            IReadOnlyList<CachedObject> served = await request.Server.Versions.ServeAsync(request.Resource, some, cancellationToken);
            for (int i = 0; i < some.Length; i++)
            {
                lookedAt++;
                if (!selection.Matches(served[i]))
                {
                    continue;
                }

                if (limit > 0 && items.Count == limit)
                {
                    return new ListPage(items, items[^1].Key, null, lookedAt);
                }

                items.Add(some[i]);
            }
        }

        return new ListPage(items, null, null, lookedAt);
    }

    private static ListPage Take(ResourceRequest request, LayeredSnapshot snapshot, string prefix, Selection selection, string? startAfter, long limit)
    {
        // One name in one namespace is one key.
        if (selection.Name is { } name && startAfter is null && !request.Cluster.IsAll && (request.Namespace.Length > 0 || !request.Resource.Namespaced))
        {
            CachedObject? one = snapshot.Get(request.Resource.KeyOf(request.Cluster, request.Namespace, name));
            return new ListPage(one is not null && selection.Matches(one) ? [one] : [], null, null, one is null ? 0 : 1);
        }

        if (selection.IsEverything && limit == 0 && !request.Cluster.IsAll)
        {
            IReadOnlyList<CachedObject> all = snapshot.ToArray(prefix, startAfter);
            return new ListPage(all, null, null, all.Count);
        }

        var items = new List<CachedObject>();
        int lookedAt = 0;
        foreach (CachedObject item in ObjectStore.Range(snapshot, request.Cluster, prefix, startAfter))
        {
            lookedAt++;
            if (!selection.Matches(item))
            {
                continue;
            }

            if (limit > 0 && items.Count == limit)
            {
                long? remaining = selection.IsEverything ? Count(request, snapshot, prefix, items[^1].Key) : null;
                return new ListPage(items, items[^1].Key, remaining, lookedAt);
            }

            items.Add(item);
        }

        return new ListPage(items, null, null, lookedAt);
    }

    private static long Count(ResourceRequest request, LayeredSnapshot snapshot, string prefix, string after) =>
        request.Cluster.IsAll ? ObjectStore.Range(snapshot, request.Cluster, prefix, after).LongCount() : snapshot.Count(prefix, after);
}
