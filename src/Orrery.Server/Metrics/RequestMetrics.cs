using System.Collections.Concurrent;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Metrics;

/// <summary>
/// Counts requests by what they asked for and how they ended, over all clusters together. What tenants can make up (names of
/// custom resources, paths) makes no series of its own, so that there is a bound to them.
/// </summary>
internal sealed class RequestMetrics(TimeProvider time)
{
    /// <summary>Built-in resources times verbs times codes come to less; beyond it everything new is counted as <c>other</c>.</summary>
    private const int MostSeries = 5_000;

    private static readonly SeriesKey Other = new("", "", "other", "", "OTHER", "", 0);

    private readonly ConcurrentDictionary<SeriesKey, RequestSeries> series = new();
    private long mutating;
    private long reading;

    public IEnumerable<KeyValuePair<SeriesKey, RequestSeries>> All => series;

    public long Mutating => Interlocked.Read(ref mutating);

    public long Reading => Interlocked.Read(ref reading);

    /// <summary>When the request came in, for <see cref="End"/>.</summary>
    public long Begin() => time.GetTimestamp();

    /// <summary>Counts a request as under way until <see cref="End"/>; not one that goes on for as long as its client likes.</summary>
    public void Enter(RequestInfo request)
    {
        if (!IsLongRunning(request))
        {
            Interlocked.Increment(ref request.IsReadOnly ? ref reading : ref mutating);
        }
    }

    /// <param name="request">Null when it could not be read.</param>
    /// <param name="code">Of the answer.</param>
    /// <param name="waited">For others: its share of the server, and webhooks.</param>
    /// <param name="isApply">A patch by server-side apply.</param>
    public void End(RequestInfo? request, int code, long began, TimeSpan waited = default, bool isApply = false)
    {
        if (request is null)
        {
            Find(Other with { Code = code }).Count();
            return;
        }

        bool isLong = IsLongRunning(request);
        if (!isLong)
        {
            Interlocked.Decrement(ref request.IsReadOnly ? ref reading : ref mutating);
        }

        RequestSeries found = Find(KeyOf(request, code, isApply));
        if (isLong)
        {
            found.Count();
        }
        else
        {
            TimeSpan took = time.GetElapsedTime(began);
            found.Record(took, took - waited);
        }
    }

    private static bool IsLongRunning(RequestInfo request) => request.Verb == "watch" || IsStream(request);

    private static bool IsStream(RequestInfo request) => request.Subresource is "log" or "exec" or "attach" or "portforward" or "proxy";

    private static SeriesKey KeyOf(RequestInfo request, int code, bool isApply)
    {
        string verb = isApply && request.Verb == "patch" ? "APPLY" : VerbOf(request.Verb);
        if (!request.IsResourceRequest)
        {
            return new SeriesKey("", "", "", "", verb, "", code);
        }

        // As upstream, by whatever method.
        verb = IsStream(request) ? "CONNECT" : verb;

        if (BuiltinResources.Instance.Find(request.GroupVersionResource) is not { } resource)
        {
            return new SeriesKey("", "", "custom", "", verb, "", code) { DryRun = DryRunOf(request) };
        }

        string subresource = request.Subresource.Length == 0 || resource.Subresources.ContainsKey(request.Subresource) || BuiltinResources.IsKnownSubresource(request.GroupVersionResource, request.Subresource)
            ? request.Subresource : "other";
        string scope = request.IsNameInPath || request.Verb == "create" ? "resource" : request.Namespace.Length > 0 ? "namespace" : "cluster";
        return new SeriesKey(resource.Resource.Group, resource.Resource.Version, resource.Resource.Resource, subresource, verb, scope, code) { DryRun = DryRunOf(request) };
    }

    private static string DryRunOf(RequestInfo request) =>
        !request.Query.Has("dryRun") ? "" : request.Query.All("dryRun").All(said => said == "All") ? "All" : "invalid";

    /// <summary>As upstream spells them; whatever method a client made up is one.</summary>
    private static string VerbOf(string verb) => verb switch
    {
        "get" => "GET",
        "list" => "LIST",
        "watch" => "WATCH",
        "create" or "post" => "POST",
        "update" or "put" => "PUT",
        "patch" => "PATCH",
        "delete" => "DELETE",
        "deletecollection" => "DELETECOLLECTION",
        _ => "OTHER",
    };

    private RequestSeries Find(SeriesKey key) =>
        series.TryGetValue(key, out RequestSeries? found) ? found
        : series.GetOrAdd(series.Count < MostSeries ? key : Other, static _ => new RequestSeries());
}

/// <summary>What one series counts.</summary>
internal readonly record struct SeriesKey(string Group, string Version, string Resource, string Subresource, string Verb, string Scope, int Code)
{
    /// <summary>Empty for what is meant; <c>All</c>, or <c>invalid</c>.</summary>
    public string DryRun { get; init; } = "";
}

/// <summary>How many, and how long they took.</summary>
internal sealed class RequestSeries
{
    private long total;

    public Histogram Durations { get; } = new();

    /// <summary>Without what was waited for.</summary>
    public Histogram Own { get; } = new();

    public long Total => Interlocked.Read(ref total);

    public void Count() => Interlocked.Increment(ref total);

    public void Record(TimeSpan took, TimeSpan own)
    {
        Count();
        Durations.Record(took);
        Own.Record(own);
    }
}
