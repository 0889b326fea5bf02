namespace Orrery.Server.Cache;

/// <summary>Where in a chain of changes a reader stands; <c>default</c> for one that reads none (any more). For one thread at a time, while changes are added behind it.</summary>
/// <param name="chunk">In which it begins.</param>
/// <param name="index">Of the next event there; behind the last one where all was read.</param>
internal struct ChainPlace(EventChunk chunk, int index)
{
    private EventChunk? chunk = chunk;
    private int index = index;

    /// <summary>Whether a chain is read. What follows is asked only then.</summary>
    public readonly bool IsInChain => chunk is not null;

    /// <summary>Places differ by as much as there are events between them.</summary>
    public readonly long Number => chunk!.First + index;

    /// <summary>Bytes of all events before it.</summary>
    public readonly long BytesBefore => chunk!.BytesBefore(index);

    /// <summary>What it stands before, which stays; null at the end of the chain, or where none is read.</summary>
    public CacheEvent? Peek()
    {
        while (chunk is not null && index == chunk.Count)
        {
            if (chunk.Next is not { } next)
            {
                return null;
            }

            // One that is not full may have got another event before the next one came.
            if (index == chunk.Count)
            {
                (chunk, index) = (next, 0);
            }
        }

        return chunk?[index];
    }

    /// <summary>Goes past what it stands before. At the end of the chain it stays.</summary>
    public void Step()
    {
        // Who has read a chunk to its end stands behind its last event, also once there is a next one.
        if (Peek() is null)
        {
            return;
        }

        index++;
        if (chunk!.Next is { } next && index == chunk.Count)
        {
            (chunk, index) = (next, 0);
        }
    }
}
