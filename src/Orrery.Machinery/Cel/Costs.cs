namespace Orrery.Machinery.Cel;

/// <summary>What a call costs at run time, after cel-go's <c>interpreter/runtimecost.go</c> and Kubernetes' <c>cel/library/cost.go</c>: one, and a tenth of each character walked.</summary>
internal static class Costs
{
    public static long Of(string function, object?[] values) => function switch
    {
        "check" => Libraries.Authorizers.CheckCost,
        "matches" or "find" or "findAll" => 1 + Searching(values),
        "contains" or "indexOf" or "lastIndexOf" when values[0] is string => 1 + Seeking(values),
        "startsWith" or "endsWith" => 1 + Tenth(Length(values[1])),
        "_==_" or "_!=_" or "_<_" or "_<=_" or "_>_" or "_>=_" => Math.Max(1, Tenth(Math.Min(CelValues.WeightOf(values[0]), CelValues.WeightOf(values[1])))),
        "@in" => values[1] is CelList list ? Math.Max(1, Sought(values[0], list)) : 1,
        "size" or "_[_]" or "_[?_]" or "type" or "dyn" => 1,

        // What makes more than it was given pays for what it makes.
        "lists.range" => 1 + Math.Max(0, (long)values[0]!),
        "distinct" => 1 + Math.Max(Squared(Length(values[0])), Tenth(Product(Length(values[0]), CelValues.WeightOf(values[0])))),
        "sort" => 1 + Sorting((CelList)values[0]!),
        "isSorted" or "min" or "max" or "sum" => 1 + Math.Max(Length(values[0]), Tenth(CelValues.WeightOf(values[0]))),
        "indexOf" or "lastIndexOf" when values[0] is CelList list => 1 + Sought(values[1], list),
        "getQuery" => 1 + Length(values[0]),
        "flatten" => 1 + Length(values[0]) + (CelValues.WeightOf(values[0]) / 4),
        "join" => 1 + Tenth(CelValues.WeightOf(values[0]) + (values.Length > 1 ? Product(Length(values[0]), Length(values[1])) : 0)),
        "format" => 1 + Tenth(Libraries.Formatting.Longest((string)values[0]!) + CelValues.WeightOf(values[1])),
        "split" => 1 + (Length(values[1]) == 0 ? Length(values[0]) : Seeking(values)),
        "replace" => 1 + Seeking(values) + Tenth(((Length(values[0]) / Math.Max(1, Length(values[1]))) + 1) * Length(values[2])),
        "sets.contains" or "sets.equivalent" or "sets.intersects" => 1 + Math.Max(Length(values[0]) * Length(values[1]), Tenth(Math.Min(Product(Length(values[0]), CelValues.WeightOf(values[1])), Product(Length(values[1]), CelValues.WeightOf(values[0]))))),
        _ => 1 + values.Sum(v => v is CelList l ? l.Count : Tenth(Length(v))),
    };

    /// <summary>What it costs to sort by these, as often as each is compared.</summary>
    public static long Sorting(CelList keys) => Math.Max(keys.Count * 20L, 2 * CelValues.WeightOf(keys));

    /// <summary>A text looked for in another: at worst its beginning is found everywhere.</summary>
    private static long Seeking(object?[] values) => Tenth(Length(values[0])) * Math.Max(1, Tenth(Length(values[1])));

    /// <summary>A pattern that counts is as large as what it counts up to, and each character may take a step in all of it.</summary>
    private static long Searching(object?[] values)
    {
        long length = Length(values[0]) + 1;
        long plain = Tenth(length) * Math.Max(1, Length(values[1]) / 4);
        return values is [_, string pattern, ..] ? Math.Max(plain, Product(length, Schemas.Re2Size.Of(pattern)) / 100) : plain;
    }

    /// <summary>Scalars are told apart at a glance; of anything else all that is within is compared with every item, and texts as memory is.</summary>
    private static long Sought(object? value, CelList list) => value switch
    {
        string or byte[] => Product(list.Count, 1 + (Length(value) / 100)),
        CelList or CelMap or CelOptional => Product(list.Count, Tenth(CelValues.WeightOf(value))),
        _ => list.Count,
    };

    private static long Product(long a, long b) => a > 0 && b > long.MaxValue / 4 / a ? long.MaxValue / 4 : a * b;

    private static long Squared(long length) => length * length;

    private static long Tenth(long length) => (length + 9) / 10;

    private static long Length(object? value) => value switch
    {
        string s => s.Length,
        byte[] b => b.Length,
        CelList l => l.Count,
        CelMap m => m.Count,
        GoUrl url => url.Length,
        Libraries.CelSemver version => version.Length,
        _ => 1,
    };
}
