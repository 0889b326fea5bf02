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
    private bool hasFailed;

    /// <param name="noted">What was noted last, for an engine whose processes come and go; null where nothing was, yet.</param>
    /// <param name="revision">The newest.</param>
    public RetentionPolicy(TimeProvider time, RevisionMark? noted, long revision)
        : this(time)
    {
        Mark = noted ?? new RevisionMark(time.GetUtcNow(), revision);
        LookAtMark(revision);
    }

    /// <summary>
    /// What is to outlast this process, another one every five minutes; null for an engine that notes nothing. Processes that each live for less than that would otherwise never know of a revision that it is so old,
    /// and never forget any.
    /// </summary>
    public RevisionMark? Mark { get; private set; }

    /// <summary>Tells of a new revision.</summary>
    /// <returns>The revision to compact now, or null when there is too little to gain.</returns>
    public long? Note(long revision)
    {
        long now = time.GetTimestamp();
        if (samples.Count == 0 || time.GetElapsedTime(lastSample, now) >= SampleEvery)
        {
            samples.Enqueue((now, revision));
            lastSample = now;
            LookAtMark(revision);
            done = hasFailed ? 0 : done;
            hasFailed = false;
        }

        while (samples.TryPeek(out (long Timestamp, long Revision) oldest) && time.GetElapsedTime(oldest.Timestamp, now) >= Age)
        {
            aged = Math.Max(aged, oldest.Revision);
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

    /// <summary>Tells that what was to be compacted could not be, as on a full disk: it is to be tried again with the next sample.</summary>
    public void Failed() => hasFailed = true;

    private void LookAtMark(long revision)
    {
        DateTimeOffset today = time.GetUtcNow();
        if (Mark is not { } mark)
        {
            return;
        }

        if (today < mark.At)
        {
            // The clock was put back: it would be waited for as long.
            Mark = mark with { At = today };
        }
        else if (today - mark.At >= Age)
        {
            aged = Math.Max(aged, mark.Revision);
            Mark = new RevisionMark(today, revision);
        }
    }
}
