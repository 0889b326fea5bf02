namespace Orrery.Server.Cache;

/// <summary>
/// A place in the chain of what changed under one prefix. Who has read everything stands at the empty one, which holds no event; so thousands of watchers take no room for
/// what they are told of, and what all have read is free.
/// </summary>
/// <param name="number">Places differ by as much as there are events between them.</param>
/// <param name="bytes">And by as much as these hold, about.</param>
internal sealed class EventLink(long number, long bytes)
{
    private CacheEvent? added;
    private volatile EventLink? next;

    /// <summary>The place of an event that was there before what is told in the chain.</summary>
    /// <param name="behind">The next place.</param>
    public EventLink(CacheEvent missed, EventLink behind)
        : this(behind.Number - 1, behind.Bytes - missed.Object.Kept)
    {
        added = missed;
        next = behind;
    }

    public long Number => number;

    public long Bytes => bytes;

    /// <summary>Null at the end of the chain.</summary>
    public CacheEvent? Event => next is null ? null : added;

    /// <summary>Null at the end of the chain.</summary>
    public EventLink? Next => next;

    /// <summary>Puts an event at the end of the chain, which this is.</summary>
    /// <returns>The new end.</returns>
    public EventLink Add(CacheEvent change)
    {
        var end = new EventLink(number + 1, bytes + change.Object.Kept);
        added = change;
        next = end;
        return end;
    }
}
