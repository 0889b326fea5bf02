namespace Orrery.Server.Cache;

/// <summary>
/// A few of the changes under one prefix, in a chain of such. Who has read everything stands behind the last one; so thousands of watchers take no room for what they are told of, and what all have
/// read is free once they have left its chunk. A reader goes on by an index, and from chunk to chunk by a reference: with a reference for each change, each would make thousands of old objects refer
/// to a young one, and a collection of the young looks through the surroundings of each of them. So the more there are who read it, the longer it is.
/// </summary>
/// <param name="first">Number of its first place. Places differ by as much as there are events between them.</param>
/// <param name="before">Bytes of all events before it, about.</param>
/// <param name="room">Most events that it holds; at least one.</param>
internal sealed class EventChunk(long first, long before, int room)
{
    /// <summary>Most that a chunk holds, however many read it.</summary>
    internal const int Most = 1024;

    /// <summary>With so many bytes it is full, unless it has room for many: as much of what all have read may stay.</summary>
    internal const int MostBytes = 64 << 10;

    /// <summary>What an event of many may take of it.</summary>
    private const int BytesOfEach = 4 << 10;

    /// <summary>As many watchers for each event that it holds: for one watcher a place of its own for each.</summary>
    private const int WatchersForEach = 4;

    private Entry[]? entries;
    private volatile int count;
    private volatile EventChunk? next;

    public long First => first;

    public long Before => before;

    public int Count => count;

    /// <summary>Number of the place behind its last event.</summary>
    public long End => first + count;

    /// <summary>Bytes of all events up to there.</summary>
    public long EndBytes => BytesBefore(count);

    /// <summary>Null where it is the last one, to which events are added.</summary>
    public EventChunk? Next => next;

    /// <param name="index">Below <see cref="Count"/>.</param>
    public CacheEvent this[int index] => entries![index].Event;

    /// <summary>Events that one should hold which so many watch.</summary>
    public static int RoomFor(int watchers) => Math.Clamp(watchers / WatchersForEach, 1, Most);

    /// <summary>Bytes of all events before one of its places.</summary>
    public long BytesBefore(int index) => index == 0 ? before : entries![index - 1].Through;

    /// <summary>Puts an event at the end of the chain, in which this is the last one.</summary>
    /// <param name="roomOfNext">Of the next one, where this is full then.</param>
    /// <returns>The last one.</returns>
    public EventChunk Add(CacheEvent change, int roomOfNext)
    {
        Put(change);
        return IsFull ? Close(roomOfNext) : this;
    }

    /// <summary>Adds no more to this one.</summary>
    /// <returns>The next one, which is the last.</returns>
    public EventChunk Close(int roomOfNext)
    {
        var last = new EventChunk(End, EndBytes, roomOfNext);
        next = last;
        return last;
    }

    /// <summary>Events that were there before.</summary>
    /// <param name="missed">Some, in their order.</param>
    /// <param name="then">What comes after them.</param>
    /// <returns>The first chunk of the chain that they make.</returns>
    public static EventChunk Of(List<CacheEvent> missed, EventChunk then)
    {
        long bytes = missed.Sum(m => (long)m.Object.Kept);
        var head = new EventChunk(then.First - missed.Count, then.Before - bytes, Math.Min(Most, missed.Count));
        EventChunk last = head;
        for (int i = 0; i < missed.Count; i++)
        {
            if (last.IsFull)
            {
                last = last.Close(Math.Min(Most, missed.Count - i));
            }

            last.Put(missed[i]);
        }

        last.next = then;
        return head;
    }

    private bool IsFull => count == room || EndBytes - before >= Math.Max(MostBytes, room * BytesOfEach);

    /// <summary>Readers see it once it is counted.</summary>
    private void Put(CacheEvent change)
    {
        entries ??= new Entry[room];
        entries[count] = new Entry(change, EndBytes + change.Object.Kept);
        count++;
    }

    /// <param name="Through">Bytes of all events up to it.</param>
    private readonly record struct Entry(CacheEvent Event, long Through);
}
