namespace Orrery.Server.Cache;

/// <summary>
/// The most recent changes of one resource, oldest first. It grows with use, so that a resource nobody touches costs
/// nothing, up to a number of events and of encoded bytes. Not thread-safe.
/// </summary>
internal sealed class EventRing(long floor)
{
    /// <summary>Events kept however large they are.</summary>
    internal const int Fewest = 64;

    /// <summary>Most events kept.</summary>
    internal const int Most = 4096;

    /// <summary>Encoded bytes beyond which only <see cref="Fewest"/> events are kept.</summary>
    internal const int MostBytes = 16 << 20;

    private CacheEvent[] slots = [];
    private int first;
    private long bytes;

    /// <summary>Every event after this revision is still here.</summary>
    public long Floor { get; private set; } = floor;

    public int Count { get; private set; }

    public CacheEvent this[int index] => slots[(first + index) & (slots.Length - 1)];

    public void Add(CacheEvent added)
    {
        while (Count >= Most || (Count > Fewest && bytes > MostBytes))
        {
            CacheEvent oldest = this[0];
            Floor = oldest.Revision;
            bytes -= oldest.Object.Kept;
            slots[first] = null!;
            first = (first + 1) & (slots.Length - 1);
            Count--;
        }

        if (Count == slots.Length)
        {
            var larger = new CacheEvent[Math.Max(16, slots.Length * 2)];
            for (int i = 0; i < Count; i++)
            {
                larger[i] = this[i];
            }

            slots = larger;
            first = 0;
        }

        slots[(first + Count) & (slots.Length - 1)] = added;
        bytes += added.Object.Kept;
        Count++;
    }

    /// <summary>Index of the first event after a revision; <see cref="Count"/> when there is none.</summary>
    public int IndexAfter(long revision)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (this[middle].Revision <= revision)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
