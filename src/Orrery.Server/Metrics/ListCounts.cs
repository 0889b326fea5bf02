namespace Orrery.Server.Metrics;

/// <summary>Lists of one resource that were answered out of its cache, over all clusters together.</summary>
internal sealed class ListCounts
{
    private long lists;
    private long fetched;
    private long returned;

    public long Lists => Interlocked.Read(ref lists);

    /// <summary>Objects that they looked at.</summary>
    public long Fetched => Interlocked.Read(ref fetched);

    /// <summary>Objects that they showed.</summary>
    public long Returned => Interlocked.Read(ref returned);

    public void Add(int lookedAt, int shown)
    {
        Interlocked.Increment(ref lists);
        Interlocked.Add(ref fetched, lookedAt);
        Interlocked.Add(ref returned, shown);
    }
}
