using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary>Lists beyond the standard (cel-go <c>ext/lists.go</c>, version 3, as Kubernetes has it since 1.34). <c>sortBy</c> is a macro.</summary>
internal static class ListExtensions
{
    /// <summary>Longest list that <c>lists.range</c> makes: a budget cannot stop what it pays for only afterwards.</summary>
    private const long LongestRange = 1_000_000;

    public static IEnumerable<Overload> All =>
    [
        Of("list(T)->slice(int, int) list(T)", a => Slice((CelList)a[0]!, (long)a[1]!, (long)a[2]!)),
        Of("list(T)->flatten() list(dyn)", a => Flatten((CelList)a[0]!, 1)),
        Of("list(T)->flatten(int) list(dyn)", a => (long)a[1]! < 0 ? new CelError("level must be non-negative") : Flatten((CelList)a[0]!, (long)a[1]!)),
        Of("lists.range(int) list(int)", a => (long)a[0]! > LongestRange ? new CelError("lists.range() size exceeds the limit") : new CelList((int)Math.Max(0, (long)a[0]!), i => (long)i)),
        Of("list(T)->distinct() list(T)", a => Distinct((CelList)a[0]!)),
        Of("list(T)->reverse() list(T)", a => Reverse((CelList)a[0]!)),
        Of("list(T)->sort() list(T)", a => Sort((CelList)a[0]!, (CelList)a[0]!)),
        Of("list(T)->first() optional(T)", a => a[0] is CelList { Count: > 0 } list ? new CelOptional(true, list[0]) : CelOptional.None),
        Of("list(T)->last() optional(T)", a => a[0] is CelList { Count: > 0 } list ? new CelOptional(true, list[list.Count - 1]) : CelOptional.None),
    ];

    /// <summary>The items of a list in the order of their keys; items of one key keep theirs.</summary>
    public static object Sort(CelList items, CelList keys)
    {
        object?[] order = [.. keys.Items];
        if (order.FirstOrDefault(k => k is CelError) is { } error)
        {
            return error;
        }

        if (order.Any(k => k is null or CelList or CelMap or CelOptional || k.GetType() != order[0]!.GetType()))
        {
            return new CelError(order.Any(k => k is null or CelList or CelMap or CelOptional) ? "list elements must be comparable" : "list elements must have the same type");
        }

        int[] places = [.. Enumerable.Range(0, items.Count).OrderBy(i => order[i]!, Comparer<object>.Create((x, y) => CelValues.Compare(x, y) ?? 0))];
        return new CelList(places.Length, i => items[places[i]]);
    }

    private static object Slice(CelList list, long from, long to) =>
        from < 0 || to < 0 ? new CelError($"cannot slice({from}, {to}), negative indexes not supported")
        : from > to ? new CelError($"cannot slice({from}, {to}), start index must be less than or equal to end index")
        : to > list.Count ? new CelError($"cannot slice({from}, {to}), list is length {list.Count}")
        : new CelList((int)(to - from), i => list[(int)from + i]);

    private static CelList Flatten(CelList list, long depth)
    {
        var flat = new List<object?>();
        Flatten(list, depth, flat);
        return new CelList(flat);
    }

    private static void Flatten(CelList list, long depth, List<object?> flat)
    {
        CelValues.EnsureStack();
        foreach (object? item in list.Items)
        {
            if (item is CelList inner && depth > 0)
            {
                Flatten(inner, depth - 1, flat);
            }
            else
            {
                flat.Add(item);
            }
        }
    }

    private static CelList Distinct(CelList list)
    {
        var known = new CelMembers();
        return new CelList([.. list.Items.Where(item => known.Add(item))]);
    }

    private static CelList Reverse(CelList list) => new(list.Count, i => list[list.Count - 1 - i]);
}
