namespace Orrery.Machinery.Cel;

/// <summary>
/// What an expression may cost at most, from the sizes that its types allow (cel-go <c>checker/cost.go</c>, Kubernetes'
/// <c>pkg/cel/library/cost.go</c>). Where nothing tells the size of what a function made, its arguments' is taken, so that a
/// rule is refused only for what is known to be large.
/// </summary>
internal static class CostEstimates
{
    private const double Walk = 0.1;

    public static double Of(Expr? expression) => expression switch
    {
        null or Literal => 0,
        Identifier { TypeValue: not null } => 0,
        Identifier => 1,
        Select { Qualified: not null } => 1,
        Select { IsTest: true } select => Of(select.Operand),
        Select select => Of(select.Operand) + 1,
        Call call => OfCall(call),
        ListOf list => 10 + list.Items.Sum(i => Of(i.Value)),
        MapOf map => 30 + map.Entries.Sum(e => Of(e.Key) + Of(e.Value)),
        MessageOf message => 40 + message.Fields.Sum(f => Of(f.Value)),
        Fold fold => OfFold(fold),
        OptionalMap map => Of(map.Target) + Of(map.Body) + 3,
        _ => 1,
    };

    private static double OfCall(Call call)
    {
        Expr[] arguments = call.Target is null || call.IsNamespaced ? [.. call.Arguments] : [call.Target, .. call.Arguments];
        double all = arguments.Sum(Of);
        double Size(int i) => i < arguments.Length ? SizeOf(arguments[i]) : 0;
        return call.FullName switch
        {
            "_&&_" or "_||_" => all,
            "_?_:_" => Of(arguments[0]) + Math.Max(Of(arguments[1]), Of(arguments[2])),
            "_==_" or "_!=_" or "_<_" or "_<=_" or "_>_" or "_>=_" => all + Tenth(Math.Min(Size(0), Size(1))),
            "@in" => all + (arguments[1].Type.Kind == CelKind.List ? Math.Max(1, Size(1)) : 1),
            "contains" => all + (Tenth(Size(0)) * Math.Max(1, Tenth(Size(1)))),
            "startsWith" or "endsWith" => all + Tenth(Size(1)),
            "matches" or "find" or "findAll" => all + (Tenth(Size(0) + 1) * Math.Max(1, Math.Ceiling(Size(1) * 0.25))),
            "check" => all + Libraries.Authorizers.CheckCost,
            "sets.contains" or "sets.equivalent" or "sets.intersects" => all + (Size(0) * Size(1)),
            "distinct" => all + (Size(0) * Size(0)),
            "isSorted" or "sum" or "max" or "min" or "indexOf" or "lastIndexOf" when arguments[0].Type.Kind == CelKind.List => all + Size(0),
            "_+_" when arguments[0].Type.Kind is CelKind.String or CelKind.Bytes => all + Tenth(Size(0) + Size(1)),
            "string" or "bytes" or "url" or "isURL" or "lowerAscii" or "upperAscii" or "trim" or "split" or "replace" or "join" or "substring" => all + 1 + Tenth(Size(0)),
            _ => all + 1,
        };
    }

    /// <summary>The macro's range, and for each item the steps of the loop that it stands for.</summary>
    private static double OfFold(Fold fold)
    {
        double step = Of(fold.Predicate) + Of(fold.Transform) + fold.Kind switch
        {
            FoldKind.All => 3,
            FoldKind.Exists => 4,
            FoldKind.ExistsOne => 2,
            _ => 12,
        };
        double after = fold.Kind switch { FoldKind.ExistsOne => 2, FoldKind.All or FoldKind.Exists => 1, _ => 11 };
        return Of(fold.Range) + after + (SizeOf(fold.Range) * step);
    }

    /// <summary>Most characters, items or entries of what an expression comes to; one for a scalar.</summary>
    private static double SizeOf(Expr expression) => expression switch
    {
        Literal { Value: string text } => text.Length,
        Literal { Value: byte[] bytes } => bytes.Length,
        ListOf list => list.Items.Count,
        MapOf map => map.Entries.Count,
        Fold { Kind: FoldKind.Filter or FoldKind.Map or FoldKind.TransformList or FoldKind.TransformMap or FoldKind.SortBy } fold => SizeOf(fold.Range),
        Call { Function: "_+_" } sum => sum.Arguments.Sum(SizeOf),
        Call { Function: "_?_:_" } choice => Math.Max(SizeOf(choice.Arguments[1]), SizeOf(choice.Arguments[2])),
        _ when expression.Type.Longest is { } longest => longest,
        Call call when expression.Type.Kind is CelKind.String or CelKind.Bytes or CelKind.List or CelKind.Map =>
            Math.Max(1, Math.Max(call.Target is null ? 0 : SizeOf(call.Target), call.Arguments.Count == 0 ? 0 : call.Arguments.Max(SizeOf))),
        _ => 1,
    };

    private static double Tenth(double size) => Math.Ceiling(size * Walk);
}
