using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Discovery;
using Orrery.Server.Fairness;
using Orrery.Server.Handlers;
using Orrery.Server.Requests;

namespace Orrery.Server.Metrics;

/// <summary>
/// Serves <c>/metrics</c>. Root's is the server's: all clusters together, none by name. A virtual cluster's tells how many objects
/// of each kind it holds, counted when asked, and nothing of anybody else.
/// </summary>
internal sealed class MetricsEndpoint(
    CacheSet caches, RequestMetrics requests, AdmissionMetrics admission, RequestFairness fairness, FlowMetrics flows, LogicalClusters clusters, Func<string>? more)
{
    /// <returns>False, and nothing written, when the path is another.</returns>
    public async ValueTask<bool> TryServeAsync(HttpContext http, RequestInfo request, CancellationToken cancellationToken)
    {
        if (request.Path != "/metrics" || request.Cluster.IsAll)
        {
            return false;
        }

        if (http.Request.Method is not ("GET" or "HEAD"))
        {
            throw ApiErrors.MethodNotAllowed();
        }

        var text = new PrometheusText();
        if (request.Cluster.IsRoot)
        {
            WriteRequests(text);
            WriteFairness(text);
            admission.Write(text);
            WriteWatches(text);
            StoreFigures.Write(text, caches);
            text.Family("orrery_store_commit_duration_seconds", "histogram", "Time from handing a change to the store until it was durable and in the caches.");
            text.Histogram("orrery_store_commit_duration_seconds", caches.CommitDurations);
            text.Family("kubernetes_build_info", "gauge", "What /version answers.");
            text.Sample("kubernetes_build_info", 1, [.. ServerVersion.Labels]);
            ProcessMetrics.Write(text);
        }
        else
        {
            text.Single("orrery_cluster_requests_total", "counter", "Requests of this cluster's users to the server that answers this.", clusters.RequestsOf(request.Cluster));
        }

        WriteObjects(text, request.Cluster);
        if (request.Cluster.IsRoot && more is not null)
        {
            text.Append(more());
        }

        await ObjectResponse.WriteBytesAsync(http, 200, PrometheusText.ContentType, text.Written, cancellationToken);
        return true;
    }

    private void WriteRequests(PrometheusText text)
    {
        KeyValuePair<SeriesKey, RequestSeries>[] all = [.. requests.All.OrderBy(s => s.Key.Group, StringComparer.Ordinal).ThenBy(s => s.Key.Resource, StringComparer.Ordinal).ThenBy(s => s.Key.Verb, StringComparer.Ordinal)];
        text.Family("apiserver_request_total", "counter", "Requests by what they asked for and the code they were answered with.");
        foreach ((SeriesKey key, RequestSeries one) in all)
        {
            text.Sample("apiserver_request_total", one.Total,
                ("code", key.Code.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("component", "apiserver"), ("dry_run", key.DryRun), ("group", key.Group),
                ("resource", key.Resource), ("scope", key.Scope), ("subresource", key.Subresource), ("verb", key.Verb), ("version", key.Version));
        }

        // Without the code, as upstream: series that differ in it are added up.
        text.Family("apiserver_request_duration_seconds", "histogram", "Time from a request's head to the end of its answer, watches and streams left out.");
        foreach (IGrouping<SeriesKey, KeyValuePair<SeriesKey, RequestSeries>> group in all.Where(s => s.Key.Verb != "WATCH").GroupBy(s => s.Key with { Code = 0 }))
        {
            SeriesKey key = group.Key;
            text.Histogram("apiserver_request_duration_seconds", Histogram.Sum([.. group.Select(s => s.Value.Durations)]),
                ("component", "apiserver"), ("dry_run", key.DryRun), ("group", key.Group), ("resource", key.Resource), ("scope", key.Scope),
                ("subresource", key.Subresource), ("verb", key.Verb), ("version", key.Version));
        }

        text.Family("apiserver_request_sli_duration_seconds", "histogram", "The same without the wait for a share of the server and for webhooks, dry runs left out.");
        foreach (IGrouping<SeriesKey, KeyValuePair<SeriesKey, RequestSeries>> group in all.Where(s => s.Key is { Verb: not "WATCH", DryRun: "" }).GroupBy(s => s.Key with { Code = 0 }))
        {
            SeriesKey key = group.Key;
            text.Histogram("apiserver_request_sli_duration_seconds", Histogram.Sum([.. group.Select(s => s.Value.Own)]),
                ("component", "apiserver"), ("group", key.Group), ("resource", key.Resource), ("scope", key.Scope), ("subresource", key.Subresource), ("verb", key.Verb), ("version", key.Version));
        }

        text.Family("apiserver_requested_deprecated_apis", "gauge", "Deprecated APIs that somebody has asked for since the server started.");
        foreach (SeriesKey key in all.Where(s => s.Key.Code is not (401 or 403)).Select(s => s.Key with { Code = 0, Verb = "", Scope = "", DryRun = "" }).Distinct().Where(k => k is { Group: "", Resource: "endpoints" or "componentstatuses" }))
        {
            text.Sample("apiserver_requested_deprecated_apis", 1, ("group", key.Group), ("removed_release", ""), ("resource", key.Resource), ("subresource", key.Subresource), ("version", key.Version));
        }

        text.Family("apiserver_current_inflight_requests", "gauge", "Requests under way, watches and streams left out.");
        text.Sample("apiserver_current_inflight_requests", requests.Mutating, ("request_kind", "mutating"));
        text.Sample("apiserver_current_inflight_requests", requests.Reading, ("request_kind", "readOnly"));
    }

    private void WriteFairness(PrometheusText text)
    {
        text.Single("apiserver_flowcontrol_current_executing_seats", "gauge", "Seats taken by requests that are under way.", fairness.Queue.Taken);
        text.Single("orrery_flowcontrol_active_clusters", "gauge", "Clusters of which requests are under way or wait.", fairness.Queue.Active);
        flows.Write(text);
    }

    private void WriteWatches(PrometheusText text)
    {
        text.Family("apiserver_longrunning_requests", "gauge", "Open watches by resource, those of custom resources together.");
        long custom = 0;
        foreach (ResourceCache cache in caches.Resources)
        {
            int open = cache.WatcherCount;
            if (!BuiltinNames.Has(cache.Resource))
            {
                custom += open;
            }
            else if (open > 0)
            {
                text.Sample("apiserver_longrunning_requests", open, ("group", cache.Resource.Group), ("resource", cache.Resource.Resource), ("verb", "WATCH"));
            }
        }

        text.Sample("apiserver_longrunning_requests", custom, ("group", ""), ("resource", "custom"), ("verb", "WATCH"));
    }

    private void WriteObjects(PrometheusText text, ClusterName cluster)
    {
        var counts = new List<(GroupResource Resource, long Count)>();
        long custom = 0;
        foreach (ResourceCache cache in caches.Resources)
        {
            int count = cache.Current.Count(cluster.IsRoot ? StoreKey.Prefix(cache.Resource) : StoreKey.Prefix(cache.Resource, cluster));
            if (cluster.IsRoot && !BuiltinNames.Has(cache.Resource))
            {
                custom += count;
            }
            else if (count > 0)
            {
                counts.Add((cache.Resource, count));
            }
        }

        if (cluster.IsRoot)
        {
            counts.Add((new GroupResource("", "custom"), custom));
        }

        text.Family("apiserver_resource_objects", "gauge", "Stored objects by kind; at root those of all clusters, custom resources together.");
        foreach ((GroupResource resource, long count) in counts)
        {
            text.Sample("apiserver_resource_objects", count, ("group", resource.Group), ("resource", resource.Resource));
        }

        text.Family("apiserver_storage_objects", "gauge", "The same by the name that upstream gave it before 1.34.");
        foreach ((GroupResource resource, long count) in counts)
        {
            text.Sample("apiserver_storage_objects", count, ("resource", resource.ToString()));
        }
    }
}
