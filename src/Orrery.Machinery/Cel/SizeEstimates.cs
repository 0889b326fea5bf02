using System.Text;

namespace Orrery.Machinery.Cel;

/// <summary>How long a text, list or map can be at least and at most; one for a scalar.</summary>
/// <param name="IsKnown">False: nothing tells. Then <paramref name="Max"/> is what it was made of, and upstream reckons without a bound.</param>
internal readonly record struct SizeEstimate(double Min, double Max, bool IsKnown = true)
{
    public static SizeEstimate Of(double size) => new(size, size);

    public SizeEstimate Plus(SizeEstimate other) => new(Min + other.Min, Max + other.Max, IsKnown && other.IsKnown);

    public SizeEstimate Times(SizeEstimate other) => new(Min * other.Min, Max * other.Max, IsKnown && other.IsKnown);

    public SizeEstimate Or(SizeEstimate other) => new(Math.Min(Min, other.Min), Math.Max(Max, other.Max), IsKnown && other.IsKnown);

    /// <summary>At most what both have: what is known bounds what is not.</summary>
    public double MostCommon(SizeEstimate other) => IsKnown == other.IsKnown ? Math.Min(Max, other.Max) : IsKnown ? Max : other.Max;
}

/// <summary>
/// Sizes of what an expression comes to (cel-go <c>checker/cost.go</c>, computeSize; apiextensions-apiserver <c>schema/cel/compilation.go</c>, sizeEstimator). What the schema says is found by
/// the path from <c>self</c>, as upstream finds it: the first step is passed over whatever it is, so that an item of a list which the expression made itself has the size of <c>self</c>.
/// </summary>
internal sealed class SizeEstimates(CelType? root)
{
    private const string Items = "@items", Keys = "@keys", Values = "@values";

    private static readonly SizeEstimate Nothing = SizeEstimate.Of(0);

    private readonly Dictionary<string, Local?> locals = new(StringComparer.Ordinal);
    private readonly Dictionary<Expr, SizeEstimate> known = new(ReferenceEqualityComparer.Instance);

    /// <summary>A variable of a macro.</summary>
    /// <param name="Path">Null for none.</param>
    /// <param name="Size">Null where nothing tells.</param>
    private sealed record Local(string[]? Path, SizeEstimate? Size);

    /// <summary>Of a list's or map's members.</summary>
    private sealed record Entries(SizeEstimate Key, SizeEstimate Value)
    {
        public static Entries? Union(Entries? one, Entries? other) => one is null || other is null ? null : new Entries(one.Key.Or(other.Key), one.Value.Or(other.Value));
    }

    /// <summary>Works something out with the variables that a macro gives to what is within it.</summary>
    public T Within<T>(Fold fold, Func<T> work)
    {
        Entries? entries = EntriesOf(fold.Range);
        bool isList = fold.Range.Type.Kind == CelKind.List;
        string[] path = PathOf(fold.Range) ?? [];
        var key = new Local([.. path, isList ? "@indices" : Keys], entries?.Key);
        var value = new Local([.. path, isList ? Items : Values], entries?.Value);
        return With(fold.First, fold.Second is null && isList ? value : key, () => fold.Second is null ? work() : With(fold.Second, value, work));
    }

    /// <summary>The same for the variable of <c>optMap</c>, of whose value nothing is known.</summary>
    public T Within<T>(OptionalMap map, Func<T> work) => With(map.Name, new Local(null, null), work);

    /// <summary>Must be asked where the variables of the macros around it are known.</summary>
    public SizeEstimate Of(Expr expression)
    {
        if (known.TryGetValue(expression, out SizeEstimate size))
        {
            return size;
        }

        return known[expression] = Made(expression) ?? FromPath(expression)
            ?? (IsScalar(expression.Type) ? SizeEstimate.Of(1) : expression is Identifier variable ? locals.GetValueOrDefault(variable.Name)?.Size : null)
            ?? new SizeEstimate(0, expression.Type.Longest ?? Math.Max(1, Parts(expression).Select(p => Of(p).Max).DefaultIfEmpty(1).Max()), IsKnown: false);
    }

    /// <summary>Of each item of a list.</summary>
    public SizeEstimate OfItems(Expr list) =>
        EntriesOf(list)?.Value ?? (PathOf(list) is { } path && Resolve([.. path, Items]) is { } item ? item : new SizeEstimate(0, 1, IsKnown: false));

    private T With<T>(string name, Local local, Func<T> work)
    {
        Local? outer = locals.GetValueOrDefault(name);
        locals[name] = local;
        T done = work();
        locals[name] = outer;
        return done;
    }

    /// <summary>What the expression itself tells; null where it tells nothing.</summary>
    private SizeEstimate? Made(Expr expression) => expression switch
    {
        Literal { Value: string text } => SizeEstimate.Of(text.EnumerateRunes().Count()),
        Literal { Value: byte[] bytes } => SizeEstimate.Of(bytes.Length),
        Literal => SizeEstimate.Of(1),
        ListOf list => SizeEstimate.Of(list.Items.Count),
        MapOf map => SizeEstimate.Of(map.Entries.Count),
        Fold { Kind: FoldKind.All or FoldKind.Exists or FoldKind.ExistsOne } => SizeEstimate.Of(1),
        Fold fold => Of(fold.Range),
        Call call => OfCall(call, CostEstimates.Parts(call)),
        _ => null,
    };

    private SizeEstimate? OfCall(Call call, Expr[] parts)
    {
        SizeEstimate Size(int i) => Of(parts[i]);
        bool isText = parts.Length > 0 && parts[0].Type.Kind is CelKind.String or CelKind.Bytes;
        return call.FullName switch
        {
            "_?_:_" => Size(1).Or(Size(2)),
            "_+_" when isText || parts[0].Type.Kind == CelKind.List => Size(0).Plus(Size(1)),
            "_[_]" => EntriesOf(parts[0])?.Value,
            "dyn" => Size(0),
            "url" or "jsonpatch.escapeKey" or "lowerAscii" or "upperAscii" or "substring" or "trim" => Size(0),
            "string" when parts[0].Type.Kind == CelKind.Bytes => Size(0) with { Min = Math.Floor(Size(0).Min / 4) },
            "bytes" => Size(0) with { Max = Size(0).Max * 4 },
            "strings.quote" => new SizeEstimate(Size(0).Min + 2, (Size(0).Max * 2) + 2, Size(0).IsKnown),
            "replace" => Replaced(Size(0), Size(1), Size(2)),
            "split" => new SizeEstimate(0, parts is [_, _, Literal { Value: long most }] ? Math.Abs(most) : Size(0).Max, Size(0).IsKnown),
            "find" or "findAll" => new SizeEstimate(0, Size(0).Max, Size(0).IsKnown),
            "join" => Joined(parts),
            "slice" => SizeEstimate.Of(Math.Max(0, (parts[2] is Literal { Value: long end } ? end : Size(0).Max) - (parts[1] is Literal { Value: long start } ? start : 0))),
            "lists.range" when parts[0] is Literal { Value: long count } => SizeEstimate.Of(count),
            "reverse" or "sort" or "flatten" or "distinct" => Size(0),
            _ => null,
        };
    }

    /// <summary>The shortest texts are taken out, and the longest put in, as often as can be.</summary>
    private static SizeEstimate Replaced(SizeEstimate text, SizeEstimate old, SizeEstimate by)
    {
        double most = old.Min == 0 ? ((text.Max + 1) * by.Max) + text.Max : by.Max <= old.Min ? text.Max : Math.Ceiling(text.Max / old.Min) * by.Max;
        double least = old.Max == 0 ? ((text.Min + 1) * by.Min) + text.Min : old.Max <= by.Min ? text.Min : Math.Ceiling(text.Min / old.Max) * by.Min;
        return new SizeEstimate(least, most, text.IsKnown && old.IsKnown && by.IsKnown);
    }

    /// <summary>What <c>join</c> makes.</summary>
    public SizeEstimate Joined(Expr[] parts)
    {
        SizeEstimate list = Of(parts[0]), items = list.Times(OfItems(parts[0]));
        return parts.Length == 1 ? items : items.Plus(Of(parts[1]).Times(new SizeEstimate(Math.Max(0, list.Min - 1), Math.Max(0, list.Max - 1), list.IsKnown)));
    }

    private Entries? EntriesOf(Expr expression) => expression switch
    {
        ListOf list => new Entries(SizeEstimate.Of(1), Union(list.Items.Select(i => i.Value))),
        MapOf map => new Entries(Union(map.Entries.Select(e => e.Key!)), Union(map.Entries.Select(e => e.Value))),
        Fold { Kind: FoldKind.Filter } fold => Within(fold, () => new Entries(SizeEstimate.Of(1), Nothing.Or(OfVariable(fold.First)))),
        Fold { Kind: FoldKind.Map or FoldKind.TransformList, Transform: { } made } fold => Within(fold, () => new Entries(SizeEstimate.Of(1), Nothing.Or(Of(made)))),
        Call { FullName: "_?_:_" } choice => Entries.Union(EntriesOf(choice.Arguments[1]), EntriesOf(choice.Arguments[2])),
        Call { FullName: "_+_" } sum => Entries.Union(EntriesOf(sum.Arguments[0]), EntriesOf(sum.Arguments[1])),
        Call { FullName: "dyn" } same => EntriesOf(same.Arguments[0]),
        _ => null,
    };

    private SizeEstimate OfVariable(string name) =>
        locals.GetValueOrDefault(name) is { } local ? (local.Path is { } path ? Resolve(path) : null) ?? local.Size ?? new SizeEstimate(0, 1, IsKnown: false) : SizeEstimate.Of(1);

    private SizeEstimate Union(IEnumerable<Expr> items)
    {
        SizeEstimate? all = null;
        foreach (SizeEstimate size in items.Select(Of))
        {
            all = all?.Or(size) ?? size;
        }

        return all ?? Nothing;
    }

    private SizeEstimate? FromPath(Expr expression) => PathOf(expression) is { Length: > 0 } path ? Resolve(path) : null;

    /// <summary>Null for what stands in no variable.</summary>
    private string[]? PathOf(Expr expression) => expression switch
    {
        Identifier identifier => locals.TryGetValue(identifier.Name, out Local? local) && local is not null ? local.Path : [identifier.Name],
        Select { Qualified: { } qualified } => [qualified.Name],
        Select { IsTest: false, IsOptional: false } select => [.. PathOf(select.Operand) ?? [], select.Field],
        Call { FullName: "_[_]" } index => [.. PathOf(index.Arguments[0]) ?? [], index.Arguments[0].Type.Kind == CelKind.List ? Items : Values],
        _ => null,
    };

    /// <summary>Null where the schema knows no such place.</summary>
    private SizeEstimate? Resolve(string[] path)
    {
        CelType? at = root;
        foreach (string step in path.Skip(1))
        {
            at = (step, at?.Kind) switch
            {
                (Items, CelKind.List) => at!.Arguments[0],
                (Values, CelKind.Map) => at!.Arguments[1],
                (Keys, CelKind.Map) => at!.Arguments[0],
                (_, CelKind.Object) => at!.Fields.GetValueOrDefault(step)?.Type,
                _ => null,
            };
        }

        return at is null ? null : new SizeEstimate(0, at.Longest ?? 0);
    }

    private static bool IsScalar(CelType type) => type.Kind switch
    {
        CelKind.Bool or CelKind.Int or CelKind.Uint or CelKind.Double or CelKind.Timestamp or CelKind.Duration => true,
        CelKind.Optional => IsScalar(type.Arguments[0]),
        _ => false,
    };

    private static IEnumerable<Expr> Parts(Expr expression) => expression switch
    {
        Call call => CostEstimates.Parts(call),
        OptionalMap map => [map.Target],
        Select select => [select.Operand],
        _ => [],
    };
}
