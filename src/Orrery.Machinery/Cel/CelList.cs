using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Cel;

/// <summary>A list as rules see it. Items are null, bool, long, ulong, double, string, byte[], times, lists, maps, or a library's values.</summary>
internal sealed class CelList(int count, Func<int, object?> item, Schema? source = null)
{
    private long weight;

    public CelList(IReadOnlyList<object?> items)
        : this(items.Count, i => items[i])
    {
    }

    public int Count { get; } = count;

    /// <summary>The schema it came by: sets and maps are equal in any order.</summary>
    public Schema? Source { get; } = source;

    public object? this[int index] => item(index);

    public IEnumerable<object?> Items => Enumerable.Range(0, Count).Select(item);

    /// <summary>What walking it costs, all that is within included: one list may stand in another many times, so that this grows faster than any list.</summary>
    public long Weight => weight > 0 ? weight : weight = CelValues.WeightOf(Items, 1);
}
