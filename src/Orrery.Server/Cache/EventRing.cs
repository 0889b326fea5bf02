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

    /// <summary>Of what is old, bytes of the <see cref="Fewest"/> that are kept all the same: a resource that nobody touches any more, or that has gone, holds no more than this.</summary>
    internal const int MostOldBytes = 64 << 10;

    /// <summary>Slots of a ring that has been used at all; a power of two.</summary>
    private const int Smallest = 16;

    /// <summary>What an event takes beside the encoded object: its key and a few small objects. An estimate.</summary>
    private const int Overhead = 256;

    private CacheEvent[] slots = [];
    private int first;
    private long bytes;

    /// <summary>Every event after this revision is still here.</summary>
    public long Floor { get; private set; } = floor;

    public int Count { get; private set; }

    /// <summary>About what keeping the events takes.</summary>
    public long Bytes => bytes + ((long)Count * Overhead);

    public CacheEvent this[int index] => slots[(first + index) & (slots.Length - 1)];

    public void Add(CacheEvent added)
    {
        while (Count >= Most || (Count > Fewest && bytes > MostBytes))
        {
            DropOldest();
        }

        if (Count == slots.Length)
        {
            Resize(Math.Max(Smallest, slots.Length * 2));
        }

        slots[(first + Count) & (slots.Length - 1)] = added;
        bytes += added.Object.Kept;
        Count++;
    }

    /// <summary>Drops events up to a revision, all but the last <see cref="Fewest"/> unless these are large, and the room that they took.</summary>
    /// <returns>About the bytes that were given up.</returns>
    public long Forget(long through)
    {
        long before = Bytes;
        while (Count > 0 && (Count > Fewest || bytes > MostOldBytes) && this[0].Revision <= through)
        {
            DropOldest();
        }

        int enough = slots.Length;
        while (enough > Smallest && Count <= enough / 4)
        {
            enough /= 2;
        }

        if (enough < slots.Length)
        {
            Resize(enough);
        }

        return before - Bytes;
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

    private void DropOldest()
    {
        CacheEvent oldest = this[0];
        Floor = oldest.Revision;
        bytes -= oldest.Object.Kept;
        slots[first] = null!;
        first = (first + 1) & (slots.Length - 1);
        Count--;
    }

    private void Resize(int length)
    {
        var moved = new CacheEvent[length];
        for (int i = 0; i < Count; i++)
        {
            moved[i] = this[i];
        }

        slots = moved;
        first = 0;
    }
}
