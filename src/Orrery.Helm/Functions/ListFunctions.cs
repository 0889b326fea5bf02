using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>Sprig's functions on lists; each has a must-twin that fails alike.</summary>
internal static class ListFunctions
{
    public static IEnumerable<Function> All =>
    [
        Function.Of("list", [P.Any], a => new GoSlice(a), true),
        Function.Of("tuple", [P.Any], a => new GoSlice(a), true),
        .. Pair("first", (n, a) => List(n, "Cannot find first on type", a[0]) is { Count: > 0 } l ? l.Items[0] : null, 1, any: true),
        .. Pair("last", (n, a) => List(n, "Cannot find last on type", a[0]) is { Count: > 0 } l ? l.Items[^1] : null, 1, any: true),
        .. Pair("rest", (n, a) => Tail(List(n, "Cannot find rest on type", a[0]), first: true), 1),
        .. Pair("initial", (n, a) => Tail(List(n, "Cannot find initial on type", a[0]), first: false), 1),
        .. Pair("append", Append, 2),
        .. Pair("push", Append, 2),
        .. Pair("prepend", (n, a) => new GoSlice([a[1], .. List(n, "Cannot prepend on type", a[0]).Items]), 2),
        Function.Of("concat", [P.Any], a => Concat([.. a.SelectMany(v => List("concat", "Cannot concat type", v, " as list").Items)]), true),
        .. Pair("reverse", (n, a) => new GoSlice([.. List(n, "Cannot find reverse on type", a[0]).Items.Reverse()]), 1),
        .. Pair("uniq", (n, a) => new GoSlice(Unique(List(n, "Cannot find uniq on type", a[0]).Items)), 1),
        .. Pair("compact", (n, a) => new GoSlice([.. List(n, "Cannot compact on type", a[0]).Items.Where(i => !Casts.IsEmpty(i))]), 1),
        new Function("without", [P.Any, P.Any], true, a => RValue.Of(Without(a))),
        new Function("mustWithout", [P.Any, P.Any], true, a => RValue.Of(Without(a))),
        .. Pair("has", (n, a) => a[1] is not null && List(n, "Cannot find has on type", a[1]).Items.Any(i => GoTypes.DeepEqual(a[0], i)), 2),
        Function.OfAny("slice", [P.Any, P.Any], Slice, true),
        Function.OfAny("mustSlice", [P.Any, P.Any], Slice, true),
        Function.Of("chunk", [P.Int, P.Any], Chunk),
        Function.Of("mustChunk", [P.Int, P.Any], Chunk),
        Function.Of("all", [P.Any], a => a.All(v => !Casts.IsEmpty(v)), true),
        Function.Of("any", [P.Any], a => a.Any(v => !Casts.IsEmpty(v)), true),
        Function.OfAny("coalesce", [P.Any], a => a.FirstOrDefault(v => !Casts.IsEmpty(v)), true),
    ];

    private static IEnumerable<Function> Pair(string name, Func<string, object?[], object?> body, int count, bool any = false)
    {
        P[] parameters = [.. Enumerable.Repeat(P.Any, count)];
        foreach (string n in new[] { name, "must" + char.ToUpperInvariant(name[0]) + name[1..] })
        {
            yield return any ? Function.OfAny(n, parameters, a => body(n, a)) : Function.Of(n, parameters, a => body(n, a));
        }
    }

    private static GoSlice List(string name, string what, object? value, string tail = "") => value switch
    {
        GoSlice list => list,
        null => throw new GoException("runtime error: invalid memory address or nil pointer dereference"),
        _ => throw new GoException($"{what} {GoTypes.KindOf(value)}{tail}"),
    };

    /// <summary>Nothing joined to nothing stays Go's nil slice.</summary>
    private static GoSlice Concat(object?[] items) => new(items) { IsNil = items.Length == 0 };

    private static GoSlice Append(string name, object?[] a) => new([.. List(name, "Cannot push on type", a[0]).Items, a[1]]);

    private static GoSlice Tail(GoSlice list, bool first) => list.Count == 0
        ? new GoSlice([]) { IsNil = true }
        : new GoSlice([.. first ? list.Items.Skip(1) : list.Items.SkipLast(1)]);

    private static List<object?> Unique(IReadOnlyList<object?> items)
    {
        var unique = new List<object?>();
        foreach (object? item in items)
        {
            if (!unique.Any(u => GoTypes.DeepEqual(u, item)))
            {
                unique.Add(item);
            }
        }

        return unique;
    }

    private static GoSlice Without(RValue[] a)
    {
        GoSlice list = List("without", "Cannot find without on type", a[0].Value);
        return new GoSlice([.. list.Items.Where(i => !a[1..].Any(o => GoTypes.DeepEqual(o.Value, i)))]);
    }

    private static object? Slice(object?[] a)
    {
        GoSlice list = a[0] switch
        {
            GoSlice l => l,
            null => throw new GoException("runtime error: invalid memory address or nil pointer dereference"),
            _ => throw new GoException($"list should be type of slice or array but {GoTypes.KindOf(a[0])}"),
        };
        if (list.Count == 0)
        {
            return null;
        }

        long start = a.Length > 1 ? Casts.ToInt64(a[1]) : 0;
        long end = a.Length > 2 ? Casts.ToInt64(a[2]) : list.Count;
        if (start < 0 || end < start || end > list.Count)
        {
            throw new GoException("reflect.Value.Slice: slice index out of bounds");
        }

        return new GoSlice([.. list.Items.Skip((int)start).Take((int)(end - start))], list.Type);
    }

    private static object? Chunk(object?[] a)
    {
        GoSlice list = List("chunk", "Cannot chunk type", a[1]);
        long size = ((GoInt)a[0]!).Value;
        if (size <= 0)
        {
            throw new GoException("runtime error: makeslice: len out of range");
        }

        return new GoSlice([.. list.Items.Chunk((int)Math.Min(size, int.MaxValue)).Select(c => (object?)new GoSlice(c))], "[][]interface {}");
    }
}
