using System.Collections.Concurrent;

namespace Orrery.Server.Metrics;

/// <summary>What became of requests, by the FlowSchema that each matches and the level that this leads to. Names that tenants made up make no series of their own.</summary>
internal sealed class FlowMetrics
{
    /// <summary>Of root's own names; beyond it, and for those of virtual clusters, all are one.</summary>
    private const int MostFlows = 200;

    private static readonly (string, string) Others = ("others", "others");

    private readonly ConcurrentDictionary<(string Schema, string Level), FlowSeries> series = new() { [Others] = new FlowSeries() };

    /// <param name="isOwn">A tenant's.</param>
    public FlowSeries For(string schema, string level, bool isOwn) =>
        series.TryGetValue((schema, level), out FlowSeries? found) ? found
        : isOwn || series.Count > MostFlows ? series[Others] : series.GetOrAdd((schema, level), static _ => new FlowSeries());

    public void Write(PrometheusText text)
    {
        KeyValuePair<(string Schema, string Level), FlowSeries>[] all = [.. series.Where(s => s.Value.IsUsed).OrderBy(s => s.Key.Schema, StringComparer.Ordinal).ThenBy(s => s.Key.Level, StringComparer.Ordinal)];
        text.Family("apiserver_flowcontrol_dispatched_requests_total", "counter", "Requests that went on, by what they match.");
        foreach (((string schema, string level), FlowSeries one) in all)
        {
            text.Sample("apiserver_flowcontrol_dispatched_requests_total", one.Dispatched, ("flow_schema", schema), ("priority_level", level));
        }

        text.Family("apiserver_flowcontrol_rejected_requests_total", "counter", "Requests that were sent away with 429, by what they match.");
        foreach (((string schema, string level), FlowSeries one) in all)
        {
            text.Sample("apiserver_flowcontrol_rejected_requests_total", one.QueueFull, ("flow_schema", schema), ("priority_level", level), ("reason", "queue-full"));
            text.Sample("apiserver_flowcontrol_rejected_requests_total", one.TimedOut, ("flow_schema", schema), ("priority_level", level), ("reason", "time-out"));
        }

        text.Family("apiserver_flowcontrol_current_inqueue_requests", "gauge", "Requests that wait for a seat.");
        foreach (((string schema, string level), FlowSeries one) in all)
        {
            text.Sample("apiserver_flowcontrol_current_inqueue_requests", one.Waiting, ("flow_schema", schema), ("priority_level", level));
        }

        text.Family("apiserver_flowcontrol_request_wait_duration_seconds", "histogram", "Time that requests waited for a seat which had to.");
        foreach (((string schema, string level), FlowSeries one) in all)
        {
            text.Histogram("apiserver_flowcontrol_request_wait_duration_seconds", one.Admitted, ("execute", "true"), ("flow_schema", schema), ("priority_level", level));
            text.Histogram("apiserver_flowcontrol_request_wait_duration_seconds", one.SentAway, ("execute", "false"), ("flow_schema", schema), ("priority_level", level));
        }
    }
}

/// <summary>Requests of one flow.</summary>
internal sealed class FlowSeries
{
    /// <summary>Upstream's (apiserver <c>pkg/util/flowcontrol/metrics/metrics.go</c>).</summary>
    private static readonly double[] Bounds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

    private long dispatched;
    private long queueFull;
    private long timedOut;
    private long waiting;

    public long Dispatched => Interlocked.Read(ref dispatched);

    public long QueueFull => Interlocked.Read(ref queueFull);

    public long TimedOut => Interlocked.Read(ref timedOut);

    public long Waiting => Interlocked.Read(ref waiting);

    public bool IsUsed => Dispatched + QueueFull + TimedOut + Waiting > 0;

    /// <summary>How long those waited that had to, by what became of them.</summary>
    public Histogram Admitted { get; } = new(Bounds);

    public Histogram SentAway { get; } = new(Bounds);

    /// <summary>A request that had not to wait.</summary>
    public void End(bool isSentAway) => Interlocked.Increment(ref isSentAway ? ref queueFull : ref dispatched);

    public void BeginWait() => Interlocked.Increment(ref waiting);

    /// <param name="isSentAway">Null where its client went meanwhile.</param>
    public void EndWait(bool? isSentAway, TimeSpan took)
    {
        Interlocked.Decrement(ref waiting);
        if (isSentAway is { } away)
        {
            Interlocked.Increment(ref away ? ref timedOut : ref dispatched);
            (away ? SentAway : Admitted).Record(took);
        }
    }
}
