namespace Orrery.Machinery.Cel;

/// <summary>What a call costs at run time, after cel-go's <c>interpreter/runtimecost.go</c> and Kubernetes' <c>cel/library/cost.go</c>: one, and a tenth of each character walked.</summary>
internal static class Costs
{
    public static long Of(string function, object?[] values) => function switch
    {
        "check" => Libraries.Authorizers.CheckCost,
        "matches" or "find" or "findAll" => 1 + (Tenth(Length(values[0]) + 1) * Math.Max(1, Length(values[1]) / 4)),
        "contains" or "indexOf" or "lastIndexOf" when values[0] is string => 1 + (Tenth(Length(values[0])) * Math.Max(1, Tenth(Length(values[1])))),
        "startsWith" or "endsWith" => 1 + Tenth(Length(values[1])),
        "_==_" or "_!=_" or "_<_" or "_<=_" or "_>_" or "_>=_" => 1 + Tenth(Math.Min(Deep(values[0]), Deep(values[1]))),
        "@in" => values[1] is CelList list ? Math.Max(1, list.Count) : 1,
        "size" or "_[_]" or "_[?_]" or "type" or "dyn" => 1,

        // What makes more than it was given pays for what it makes.
        "lists.range" => 1 + Math.Max(0, (long)values[0]!),
        "distinct" => 1 + Squared(Length(values[0])),
        "sort" => 1 + (Length(values[0]) * 20),
        "join" or "format" => 1 + Tenth(Deep(values[0]) + values.Skip(1).Sum(Deep)),
        "replace" => 1 + Tenth(Length(values[0])) + Tenth(((Length(values[0]) / Math.Max(1, Length(values[1]))) + 1) * Length(values[2])),
        "sets.contains" or "sets.equivalent" or "sets.intersects" => 1 + (Length(values[0]) * Length(values[1])),
        _ => 1 + values.Sum(v => v is CelList l ? l.Count : Tenth(Length(v))),
    };

    private static long Squared(long length) => length * length;

    private static long Tenth(long length) => (length + 9) / 10;

    private static long Length(object? value) => value switch { string s => s.Length, byte[] b => b.Length, CelList l => l.Count, CelMap m => m.Count, _ => 1 };

    /// <summary>Equality walks all that is within, so it pays for all of it.</summary>
    private static long Deep(object? value) => value switch
    {
        CelList list => 1 + list.Items.Sum(Deep),
        CelMap map => 1 + map.Keys.Sum(k => map.TryGet(k, out object? v) ? 1 + Deep(v) : 1),
        _ => Length(value),
    };
}
