namespace Orrery.Storage;

/// <summary>
/// Which revisions an engine may forget on its own: those older than both the last 10,000 and the last five minutes,
/// as etcd's users are used to. Not thread-safe.
/// </summary>
internal sealed class RetentionPolicy(TimeProvider time)
{
    internal const int Revisions = 10_000;
    internal static readonly TimeSpan Age = TimeSpan.FromMinutes(5);

    /// <summary>Forgetting a few revisions at a time is not worth a transaction.</summary>
    internal const int Step = 1_000;

    private static readonly TimeSpan SampleEvery = TimeSpan.FromSeconds(10);

    private readonly Queue<(long Timestamp, long Revision)> samples = new();
    private long lastSample;
    private long aged;
    private long done;

    /// <summary>Tells of a new revision.</summary>
    /// <returns>The revision to compact now, or null when there is too little to gain.</returns>
    public long? Note(long revision)
    {
        long now = time.GetTimestamp();
        if (samples.Count == 0 || time.GetElapsedTime(lastSample, now) >= SampleEvery)
        {
            samples.Enqueue((now, revision));
            lastSample = now;
        }

        while (samples.TryPeek(out (long Timestamp, long Revision) oldest) && time.GetElapsedTime(oldest.Timestamp, now) >= Age)
        {
            aged = oldest.Revision;
            samples.Dequeue();
        }

        long target = Math.Min(aged, revision - Revisions);
        if (target - done < Step)
        {
            return null;
        }

        done = target;
        return target;
    }
}
