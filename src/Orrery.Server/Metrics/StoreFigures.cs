using Orrery.Server.Cache;

namespace Orrery.Server.Metrics;

/// <summary>What was asked of the store and of the caches, over all clusters, in upstream's families; custom resources together.</summary>
internal static class StoreFigures
{
    public static void Write(PrometheusText text, CacheSet caches)
    {
        ResourceCache[] all = [.. caches.Resources];
        ResourceCache[] custom = [.. all.Where(c => !BuiltinNames.Has(c.Resource))];
        ResourceCache[] builtin = [.. all.Except(custom)];
        WriteRequests(text,
        [
            .. builtin.SelectMany(c => Requests([c.Asked], c.Resource.Group, c.Resource.Resource)), .. Requests(custom.Select(c => c.Asked), "", "custom"), .. Requests([caches.Asked], "", ""),
        ]);
        WriteLists(text, [.. builtin.Select(c => new Listed([c.Lists], c.Resource.Group, c.Resource.Resource)), new Listed([.. custom.Select(c => c.Lists)], "", "custom")]);
    }

    private static void WriteRequests(PrometheusText text, Asked[] asked)
    {
        text.Family("etcd_request_duration_seconds", "histogram", "Time that the store took, whichever engine it is.");
        foreach (Asked one in asked)
        {
            text.Histogram("etcd_request_duration_seconds", one.Durations, ("group", one.Group), ("operation", one.Operation), ("resource", one.Resource));
        }

        text.Family("etcd_requests_total", "counter", "What was asked of the store, whichever engine it is.");
        foreach (Asked one in asked)
        {
            text.Sample("etcd_requests_total", one.Durations.Count, ("group", one.Group), ("operation", one.Operation), ("resource", one.Resource));
        }

        text.Family("etcd_request_errors_total", "counter", "Of that, what the store could not answer.");
        foreach (Asked one in asked)
        {
            text.Sample("etcd_request_errors_total", one.Errors, ("group", one.Group), ("operation", one.Operation), ("resource", one.Resource));
        }
    }

    private static void WriteLists(PrometheusText text, Listed[] listed)
    {
        Listed[] some = [.. listed.Where(l => l.Of(c => c.Lists) > 0)];
        text.Family("apiserver_cache_list_total", "counter", "Lists that were answered, all of them out of the cache.");
        foreach (Listed one in some)
        {
            text.Sample("apiserver_cache_list_total", one.Of(c => c.Lists), ("group", one.Group), ("index", ""), ("resource", one.Resource));
        }

        text.Family("apiserver_cache_list_fetched_objects_total", "counter", "Objects that lists looked at.");
        foreach (Listed one in some)
        {
            text.Sample("apiserver_cache_list_fetched_objects_total", one.Of(c => c.Fetched), ("group", one.Group), ("index", ""), ("resource", one.Resource));
        }

        text.Family("apiserver_cache_list_returned_objects_total", "counter", "Objects that lists showed.");
        foreach (Listed one in some)
        {
            text.Sample("apiserver_cache_list_returned_objects_total", one.Of(c => c.Returned), ("group", one.Group), ("resource", one.Resource));
        }
    }

    private static IEnumerable<Asked> Requests(IEnumerable<StoreMetrics> parts, string group, string resource)
    {
        StoreMetrics[] all = [.. parts];
        for (int i = 0; i < StoreMetrics.Operations.Length; i++)
        {
            StoreSeries[] series = [.. all.Select(p => p.Of(i)).OfType<StoreSeries>()];
            if (series.Length > 0)
            {
                yield return new Asked(group, resource, StoreMetrics.Operations[i], Histogram.Sum([.. series.Select(s => s.Durations)]), series.Sum(s => s.Errors));
            }
        }
    }

    private sealed record Asked(string Group, string Resource, string Operation, Histogram Durations, long Errors);

    private sealed record Listed(ListCounts[] Parts, string Group, string Resource)
    {
        public long Of(Func<ListCounts, long> count) => Parts.Sum(count);
    }
}
