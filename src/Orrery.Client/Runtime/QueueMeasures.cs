namespace Orrery.Client;

/// <summary>What one work queue tells of itself, by the names and with the meanings of client-go's (<c>util/workqueue/metrics.go</c>).</summary>
internal sealed class QueueMeasures(string name)
{
    private readonly KeyValuePair<string, object?> tag = RuntimeMetrics.Tag("name", name);

    public void Added() => RuntimeMetrics.QueueAdds.Add(1, tag);

    /// <summary>A key is to come again later, whether it failed or asked for it.</summary>
    public void Retried() => RuntimeMetrics.QueueRetries.Add(1, tag);

    public void Waited(TimeSpan time) => RuntimeMetrics.QueueWaits.Record(time.TotalSeconds, tag);

    public void Worked(TimeSpan time) => RuntimeMetrics.QueueWork.Record(time.TotalSeconds, tag);
}

/// <summary>A queue as metrics see it.</summary>
internal interface IMeasuredQueue
{
    /// <summary>Keys that wait.</summary>
    int Count { get; }

    /// <summary>How long the keys that are worked on now have been, together, and the one that has longest.</summary>
    (TimeSpan Sum, TimeSpan Longest) Unfinished { get; }
}
