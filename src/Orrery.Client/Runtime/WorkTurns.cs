namespace Orrery.Client;

/// <summary>
/// Keys in the order in which they are to be worked on: those of one owner as they came, owners in turn. Of one owner only so many are worked on at once.
/// Not safe for several threads.
/// </summary>
/// <param name="mostOfOne">0 knows no bound.</param>
internal sealed class WorkTurns<TKey>(int mostOfOne)
{
    private readonly Dictionary<string, Lane> lanes = new(StringComparer.Ordinal);

    /// <summary>Owners of whom a key may be taken, each once.</summary>
    private readonly Queue<Lane> turns = new();

    /// <summary>Keys that wait, also those that may not be taken yet.</summary>
    public int Count { get; private set; }

    /// <returns>Whether one more key may be taken than before.</returns>
    public bool Add(TKey key, string owner)
    {
        if (!lanes.TryGetValue(owner, out Lane? lane))
        {
            lanes[owner] = lane = new Lane(owner);
        }

        lane.Waiting.Enqueue(key);
        Count++;
        return Offer(lane);
    }

    /// <summary>Takes the next key; there must be one that may be taken.</summary>
    public (TKey Key, string Owner) Take()
    {
        Lane lane = turns.Dequeue();
        TKey key = lane.Waiting.Dequeue();
        Count--;
        lane.Working++;
        if (--lane.Offered > 0)
        {
            turns.Enqueue(lane);
        }

        return (key, lane.Owner);
    }

    /// <summary>A key of this owner that was taken is done with.</summary>
    /// <returns>Whether one more key may be taken than before.</returns>
    public bool Done(string owner)
    {
        Lane lane = lanes[owner];
        lane.Working--;
        if (lane.Working == 0 && lane.Waiting.Count == 0)
        {
            lanes.Remove(owner);
            return false;
        }

        return Offer(lane);
    }

    /// <summary>Lets one more be taken of an owner who has one that is not offered yet, and room.</summary>
    private bool Offer(Lane lane)
    {
        if (lane.Offered == lane.Waiting.Count || (mostOfOne > 0 && lane.Working + lane.Offered >= mostOfOne))
        {
            return false;
        }

        if (lane.Offered++ == 0)
        {
            turns.Enqueue(lane);
        }

        return true;
    }

    private sealed class Lane(string owner)
    {
        public string Owner { get; } = owner;

        public Queue<TKey> Waiting { get; } = new();

        /// <summary>Of those that wait, how many may be taken now.</summary>
        public int Offered { get; set; }

        public int Working { get; set; }
    }
}
