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
    private static readonly ConcurrentDictionary<object, (string Name, Func<int> Count)> Queues = new(ReferenceEqualityComparer.Instance);
    private static readonly ConcurrentDictionary<Informer, string> Informers = new();

    internal static readonly ActivitySource Activities = new(SourceName);

    internal static readonly Counter<long> Reconciles = Source.CreateCounter<long>(
        "orrery_reconcile_total", description: "Keys that a reconciler worked on, by how it ended.");

    internal static readonly Histogram<double> Durations = Source.CreateHistogram<double>(
        "orrery_reconcile_duration_seconds", "s", "Time that one key took.");

    internal static readonly Counter<long> Restarts = Source.CreateCounter<long>(
        "orrery_informer_lists_total", description: "Lists that an informer made: its first, and one whenever a watch could not go on.");

    static RuntimeMetrics()
    {
        Source.CreateObservableGauge("orrery_queue_depth", () => Sum(Queues.Values.Select(q => (q.Name, q.Count()))).Select(q => new Measurement<long>(q.Sum, Tag("controller", q.Name))), description: "Keys that wait to be worked on.");
        Source.CreateObservableGauge("orrery_informer_objects", () => Sum(Informers.Select(i => (i.Value, i.Key.Count))).Select(i => new Measurement<long>(i.Sum, Tag("resource", i.Name))), description: "Objects that informers hold.");
        Source.CreateObservableGauge("orrery_informer_watches", () => Sum(Informers.Select(i => (i.Value, 1))).Select(i => new Measurement<long>(i.Sum, Tag("resource", i.Name))), description: "Watches that informers keep open.");
    }

    internal static void Add(object queue, string controller, Func<int> count) => Queues[queue] = (controller, count);

    internal static void Remove(object queue) => Queues.TryRemove(queue, out _);

    internal static void Add(Informer informer) => Informers[informer] = informer.Resource.ToString();

    internal static void Remove(Informer informer) => Informers.TryRemove(informer, out _);

    internal static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    private static IEnumerable<(string Name, long Sum)> Sum(IEnumerable<(string Name, int Count)> parts) =>
        parts.GroupBy(p => p.Name, StringComparer.Ordinal).Select(g => (g.Key, g.Sum(p => (long)p.Count)));
}
