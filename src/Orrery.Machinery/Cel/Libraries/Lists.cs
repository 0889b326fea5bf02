using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary>Lists: Kubernetes' own functions and the sets of cel-go's extension.</summary>
internal static class Lists
{
    /// <summary>Types whose values come one after another.</summary>
    private static readonly string[] Ordered = ["int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes"];

    public static IEnumerable<Overload> All =>
    [
        .. Ordered.Select(t => Of($"list({t})->isSorted() bool", a => Sorted((CelList)a[0]!))),
        .. Ordered.Select(t => Of($"list({t})->min() {t}", a => Extreme((CelList)a[0]!, -1))),
        .. Ordered.Select(t => Of($"list({t})->max() {t}", a => Extreme((CelList)a[0]!, 1))),
        .. ((string[])["int", "uint", "double", "duration"]).Select(t => Of($"list({t})->sum() {t}", a => Sum((CelList)a[0]!))),
        Of("list(T)->indexOf(T) int", a => Index((CelList)a[0]!, a[1], false)),
        Of("list(T)->lastIndexOf(T) int", a => Index((CelList)a[0]!, a[1], true)),
        Of("sets.contains(list(T), list(T)) bool", a => Contains(a[0], a[1])),
        Of("sets.equivalent(list(T), list(T)) bool", a => Contains(a[0], a[1]) && Contains(a[1], a[0])),
        Of("sets.intersects(list(T), list(T)) bool", a => ((CelList)a[0]!).Items.Any(x => ((CelList)a[1]!).Items.Any(y => CelValues.AreEqual(x, y)))),
    ];

    /// <summary>Sets take in what they lack; maps replace items of a key in place (upstream's rule for schema lists).</summary>
    public static CelList Concat(CelList left, CelList right)
    {
        if (left.Source?.ListType == Schemas.ListType.Set)
        {
            var known = new CelMembers(left.Items);
            return Keeping(left, [.. left.Items, .. right.Items.Where(y => !known.Contains(y))]);
        }

        if (left.Source is { ListType: Schemas.ListType.Map } source)
        {
            // What an item is told apart by: its keys, each as an optional, since one may be absent.
            CelList Key(object? item) => new([.. source.ListMapKeys.Select(k => item is CelMap map && map.TryGet(k, out object? v) ? new CelOptional(true, v) : CelOptional.None)]);
            var news = new CelMembers();
            foreach (object? item in right.Items)
            {
                news.Add(Key(item), item);
            }

            var olds = new CelMembers(left.Items.Select(Key));
            return Keeping(left, [.. left.Items.Select(x => news.TryGet(Key(x), out object? y) ? y : x), .. right.Items.Where(y => !olds.Contains(Key(y)))]);
        }

        return new CelList(left.Count + right.Count, i => i < left.Count ? left[i] : right[i - left.Count]);
    }

    private static CelList Keeping(CelList like, object?[] items) => new(items.Length, i => items[i], like.Source);

    private static object Sorted(CelList list)
    {
        for (int i = 1; i < list.Count; i++)
        {
            if (list[i - 1] is not { } low || list[i] is not { } high)
            {
                return CelError.NoOverload;
            }

            if (CelValues.Compare(low, high) is null or > 0)
            {
                return false;
            }
        }

        return true;
    }

    private static object? Extreme(CelList list, int sign)
    {
        if (list.Count == 0)
        {
            return new CelError(sign < 0 ? "min called on empty list" : "max called on empty list");
        }

        object? best = list[0];
        foreach (object? item in list.Items.Skip(1))
        {
            best = best is null || item is null ? CelError.NoOverload : CelValues.Compare(item, best) * sign > 0 ? item : best;
        }

        return best;
    }

    private static object? Sum(CelList list)
    {
        object? sum = list.Count == 0 ? 0L : list[0] is long or ulong or double or CelDuration ? list[0] : CelError.NoOverload;
        foreach (object? item in list.Items.Skip(1))
        {
            sum = sum is CelError ? sum : (sum, item) is (long or ulong or double or CelDuration, long or ulong or double or CelDuration) ? CelLibrary.Call("_+_", [sum, item]) : CelError.NoOverload;
        }

        return sum;
    }

    private static long Index(CelList list, object? wanted, bool last)
    {
        IEnumerable<int> order = Enumerable.Range(0, list.Count);
        return (last ? order.Reverse() : order).Where(i => CelValues.AreEqual(list[i], wanted)).Select(i => (long)i).DefaultIfEmpty(-1).First();
    }

    private static bool Contains(object? all, object? some) => ((CelList)some!).Items.All(y => ((CelList)all!).Items.Any(x => CelValues.AreEqual(x, y)));
}
