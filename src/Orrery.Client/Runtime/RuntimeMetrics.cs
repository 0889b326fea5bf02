using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Orrery.Client;

/// <summary>
/// What reconcilers and informers tell of themselves to whoever listens to the meter and the activity source of this name. Without a listener
/// a measurement costs a branch.
/// </summary>
public static class RuntimeMetrics
{
    /// <summary>Of the meter and of the activity source.</summary>
    public const string SourceName = "Orrery.Runtime";

    private static readonly Meter Source = new(SourceName);
    private static readonly ConcurrentDictionary<IMeasuredQueue, string> Queues = new(ReferenceEqualityComparer.Instance);
    private static readonly ConcurrentDictionary<Informer, string> Informers = new();

    internal static readonly ActivitySource Activities = new(SourceName);

    internal static readonly Counter<long> Reconciles = Source.CreateCounter<long>(
        "orrery_reconcile_total", description: "Keys that a reconciler worked on, by how it ended.");

    internal static readonly Histogram<double> Durations = Source.CreateHistogram<double>(
        "orrery_reconcile_duration_seconds", "s", "Time that one key took.");

    internal static readonly Counter<long> Restarts = Source.CreateCounter<long>(
        "orrery_informer_lists_total", description: "Lists that an informer made: its first, and one whenever a watch could not go on.");

    internal static readonly Counter<long> QueueAdds = Source.CreateCounter<long>("workqueue_adds_total", description: "Keys that were put into a queue and did not wait in it already.");

    internal static readonly Counter<long> QueueRetries = Source.CreateCounter<long>("workqueue_retries_total", description: "Keys that were put off: they failed, or asked to come again.");

    internal static readonly Histogram<double> QueueWaits = Source.CreateHistogram(
        "workqueue_queue_duration_seconds", "s", "Time that a key waited in a queue.", advice: Advice(QueueBounds));

    internal static readonly Histogram<double> QueueWork = Source.CreateHistogram(
        "workqueue_work_duration_seconds", "s", "Time that a key out of a queue was worked on.", advice: Advice(QueueBounds));

    internal static readonly Counter<long> Requests = Source.CreateCounter<long>("rest_client_requests_total", description: "Requests of this process to Kubernetes APIs, by how they were answered.");

    internal static readonly Histogram<double> RequestDurations = Source.CreateHistogram(
        "rest_client_request_duration_seconds", "s", "Time until such a request was answered.", advice: Advice([0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]));

    static RuntimeMetrics()
    {
        Source.CreateObservableGauge("orrery_queue_depth", () => OfQueues("controller", q => q.Count, parts => (long)parts.Sum()), description: "Keys that wait to be worked on.");
        Source.CreateObservableGauge("workqueue_depth", () => OfQueues("name", q => q.Count, parts => (long)parts.Sum()), description: "Keys that wait in a queue.");
        Source.CreateObservableGauge(
            "workqueue_unfinished_work_seconds", () => OfQueues("name", q => q.Unfinished.Sum.TotalSeconds, parts => parts.Sum()), description: "Time that the keys which are worked on have been so far, together.");
        Source.CreateObservableGauge(
            "workqueue_longest_running_processor_seconds", () => OfQueues("name", q => q.Unfinished.Longest.TotalSeconds, parts => parts.Max()), description: "Time that the key has been worked on which has been longest.");
        Source.CreateObservableGauge("orrery_informer_objects", () => Sum(Informers.Select(i => (i.Value, i.Key.Count))).Select(i => new Measurement<long>(i.Sum, Tag("resource", i.Name))), description: "Objects that informers hold.");
        Source.CreateObservableGauge("orrery_informer_watches", () => Sum(Informers.Select(i => (i.Value, 1))).Select(i => new Measurement<long>(i.Sum, Tag("resource", i.Name))), description: "Watches that informers keep open.");
    }

    /// <summary>As client-go's: from 10 ns to 10 s, each ten times the one before.</summary>
    private static double[] QueueBounds
    {
        get
        {
            var bounds = new double[10];
            double bound = 10e-9;
            for (int i = 0; i < bounds.Length; i++, bound *= 10)
            {
                bounds[i] = bound;
            }

            return bounds;
        }
    }

    internal static void Add(IMeasuredQueue queue, string name) => Queues[queue] = name;

    internal static void Remove(IMeasuredQueue queue) => Queues.TryRemove(queue, out _);

    internal static void Add(Informer informer) => Informers[informer] = informer.Resource.ToString();

    internal static void Remove(Informer informer) => Informers.TryRemove(informer, out _);

    internal static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    private static InstrumentAdvice<double> Advice(IReadOnlyList<double> bounds) => new() { HistogramBucketBoundaries = bounds };

    /// <summary>Queues of one name, of several control planes in one process, are told of together.</summary>
    private static IEnumerable<Measurement<T>> OfQueues<TPart, T>(string label, Func<IMeasuredQueue, TPart> part, Func<IEnumerable<TPart>, T> together)
        where T : struct =>
        Queues.GroupBy(q => q.Value, StringComparer.Ordinal).Select(g => new Measurement<T>(together(g.Select(q => part(q.Key))), Tag(label, g.Key)));

    private static IEnumerable<(string Name, long Sum)> Sum(IEnumerable<(string Name, int Count)> parts) =>
        parts.GroupBy(p => p.Name, StringComparer.Ordinal).Select(g => (g.Key, g.Sum(p => (long)p.Count)));
}
