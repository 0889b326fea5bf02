using System.Runtime.InteropServices;
using Orrery.Storage.Feeds;

namespace Orrery.Storage.Memory;

/// <summary>One live value in the tree.</summary>
internal sealed record MemoryEntry(StoredValue Value) : IKeyed
{
    public string Key => Value.Key;
}

/// <summary>The revisions since the last compaction, each with the state it led to. Not thread-safe.</summary>
internal sealed class MemoryHistory
{
    private const int PageSize = 256;

    /// <summary>Entry i is revision <see cref="compacted"/> + 1 + i - <see cref="dropped"/>.</summary>
    private readonly List<(StoreBatch Batch, SortedTree<MemoryEntry> State)> entries = [];

    /// <summary>Entries at the front that were compacted but are still in the list, which is cut only now and then.</summary>
    private int dropped;
    private long compacted;
    private SortedTree<MemoryEntry> oldest = SortedTree<MemoryEntry>.Empty;

    public long Revision => compacted + entries.Count - dropped;

    public SortedTree<MemoryEntry> Newest => entries.Count > dropped ? entries[^1].State : oldest;

    public void Add(StoreBatch batch, SortedTree<MemoryEntry> state) => entries.Add((batch, state));

    /// <summary>The state at a revision that has been reached; null when compacted.</summary>
    public SortedTree<MemoryEntry>? At(long revision) =>
        revision < compacted ? null : revision == compacted ? oldest : entries[IndexOf(revision)].State;

    public LogPage Read(string prefix, long after, long upTo)
    {
        if (after < compacted)
        {
            throw new CompactedException(compacted);
        }

        var batches = new List<StoreBatch>();
        long at = after;
        while (at < upTo && batches.Count < PageSize)
        {
            StoreBatch batch = entries[IndexOf(++at)].Batch;
            StoreEvent[] matching = [.. batch.Events.Where(change => change.Key.StartsWith(prefix, StringComparison.Ordinal))];
            if (matching.Length > 0)
            {
                batches.Add(matching.Length == batch.Events.Count ? batch : batch with { Events = matching });
            }
        }

        return new LogPage(batches, at);
    }

    public void Compact(long revision)
    {
        if (revision <= compacted)
        {
            return;
        }

        int last = IndexOf(revision);
        oldest = entries[last].State;
        CollectionsMarshal.AsSpan(entries).Slice(dropped, last + 1 - dropped).Clear();
        compacted = revision;
        dropped = last + 1;
        if (dropped > entries.Count / 2)
        {
            entries.RemoveRange(0, dropped);
            dropped = 0;
        }
    }

    private int IndexOf(long revision) => dropped + (int)(revision - compacted - 1);
}
