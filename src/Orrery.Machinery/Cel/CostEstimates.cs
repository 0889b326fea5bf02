namespace Orrery.Machinery.Cel;

/// <summary>
/// What an expression may cost at most, from the sizes that its types allow (cel-go <c>checker/cost.go</c>, Kubernetes'
/// <c>pkg/cel/library/cost.go</c>). Where nothing tells the size of what a function made, its arguments' is taken, so that a
/// rule is refused only for what is known to be large.
/// </summary>
internal sealed class CostEstimates
{
    private const double Walk = 0.1;

    /// <summary>Of an expression that makes a list, a map or a message.</summary>
    private const double NewList = 10, NewMap = 30, NewMessage = 40;

    /// <summary>Of a network's address, in bytes, the longest.</summary>
    private const double Address = 16;

    /// <summary>Characters of a format's pattern (MaxNameFormatRegexSize), and of its name (MaxFormatSize).</summary>
    private const double FormatPattern = 128, FormatName = 64;

    /// <summary>What one character of a pattern costs for each tenth of a text.</summary>
    private const double Pattern = 0.25;

    private readonly SizeEstimates sizes;

    private CostEstimates(SizeEstimates sizes)
    {
        this.sizes = sizes;
    }

    /// <param name="root">Of what <c>self</c> is; null where there is none.</param>
    public static double Of(Expr expression, CelType? root) => new CostEstimates(new SizeEstimates(root)).Cost(expression);

    /// <summary>All that a call is given, what it is called on first.</summary>
    internal static Expr[] Parts(Call call) => call.Target is null || call.IsNamespaced ? [.. call.Arguments] : [call.Target, .. call.Arguments];

    private double Cost(Expr? expression) => expression switch
    {
        null or Literal => 0,
        Identifier => 1,
        Select { Qualified: not null } => 1,
        Select { IsTest: true } select => Cost(select.Operand),
        Select select => Cost(select.Operand) + (select.IsOptional || select.Operand.Type.Kind is CelKind.Map or CelKind.Object or CelKind.Parameter ? 1 : 0),
        Call call => OfCall(call),
        ListOf list => NewList + list.Items.Sum(i => Cost(i.Value)),
        MapOf map => NewMap + map.Entries.Sum(e => Cost(e.Key) + Cost(e.Value)),
        MessageOf message => NewMessage + message.Fields.Sum(f => Cost(f.Value)),
        Fold fold => OfFold(fold),

        // What it stands for binds the target, asks it, and binds what is in it: two lists that are not there, and five steps; one for what it is put into again.
        OptionalMap map => Cost(map.Target) + sizes.Within(map, () => Cost(map.Body)) + (2 * NewList) + (map.IsFlat ? 4 : 5),
        _ => 1,
    };

    private double OfCall(Call call)
    {
        Expr[] parts = Parts(call);
        double all = parts.Sum(Cost);
        SizeEstimate Size(int i) => sizes.Of(parts[i]);
        CelKind kind = parts.Length > 0 ? parts[0].Type.Kind : CelKind.Null;
        bool isText = kind is CelKind.String or CelKind.Bytes;
        return call.FullName switch
        {
            "_&&_" or "_||_" => all,
            "_?_:_" => Cost(parts[0]) + Math.Max(Cost(parts[1]), Cost(parts[2])),
            "_==_" or "_!=_" => all + Compared(parts),
            "_<_" or "_<=_" or "_>_" or "_>=_" => all + (isText ? Tenth(Size(0).MostCommon(Size(1))) : kind == CelKind.Dyn ? Math.Max(1, Tenth(Size(0).MostCommon(Size(1)))) : 1),
            "@in" => all + (parts[1].Type.Kind == CelKind.List ? Size(1).Max : 1),
            "contains" => all + (Tenth(Size(0).Max) * Tenth(Size(1).Max)),
            "startsWith" or "endsWith" => all + Tenth(Size(1).Max),
            "matches" or "find" or "findAll" => all + (Tenth(Size(0).Max + 1) * Math.Ceiling(Size(1).Max * Pattern)),
            "_+_" => all + (isText ? Tenth(Size(0).Max + Size(1).Max) : 1),
            "format" => all + Tenth(Size(0).Max),
            "string" or "bytes" when isText || kind == CelKind.Dyn => all + (kind == CelKind.String && call.FullName == "string" ? 1 : Tenth(Size(0).Max)),
            "strings.quote" => all + Tenth(Size(0).Max),
            _ => all + OfLibrary(call, parts, kind),
        };
    }

    /// <summary>Of Kubernetes' own libraries, and of those that the language has beside its own.</summary>
    private double OfLibrary(Call call, Expr[] parts, CelKind kind)
    {
        double Size(int i) => sizes.Of(parts[i]).Max;
        return call.FullName switch
        {
            "check" => Libraries.Authorizers.CheckCost,
            "fieldSelector" or "labelSelector" => NewList + Tenth(Size(1)) + (Math.Ceiling(Size(1) / 2) * (NewList + NewMessage)),
            "sets.contains" or "sets.intersects" => 1 + (Size(0) * Size(1)),
            "sets.equivalent" => 1 + (2 * Size(0) * Size(1)),
            "isSorted" or "sum" or "max" or "min" or "indexOf" or "lastIndexOf" => kind == CelKind.List
                ? Size(0) * (1 + (parts[0].Type.Arguments[0].Kind is CelKind.String or CelKind.Bytes ? Tenth(sizes.OfItems(parts[0]).Max) : 0))
                : Tenth(Size(0)),
            "url" or "jsonpatch.escapeKey" or "lowerAscii" or "upperAscii" or "substring" or "trim" => Tenth(Size(0)),
            "quantity" or "isQuantity" or "semver" or "isSemver" or "cidr" or "isIP" or "isCIDR" => Tenth(Size(0)),
            "ip" => call.Target is null ? Tenth(Size(0)) : 1,
            "replace" or "split" or "ip.isCanonical" => Tenth(2 * Size(0)),
            "join" => Tenth(sizes.Joined(parts).Max),
            "containsIP" => Tenth(2 * Address) + OfText(parts[1]),
            "containsCIDR" => Tenth(2 * Address) + Tenth(Address) + 1 + OfText(parts[1]),
            "validate" => Math.Ceiling(Tenth(Size(1)) * FormatPattern * Pattern),
            "slice" or "lists.range" or "reverse" => 1 + NewList + sizes.Of(call).Max,
            "flatten" => 1 + NewList + (Size(0) * (parts is [_, Literal { Value: long depth }] ? depth : 1)),
            "distinct" or "sort" => 1 + NewList + Math.Ceiling(Size(0) * Size(0) * (2 + (parts[0].Type.Arguments[0].Kind is CelKind.String or CelKind.Bytes ? Walk : 0))),
            _ => 1,
        };
    }

    /// <summary>What is read before it is looked for.</summary>
    private double OfText(Expr part) => part.Type.Kind == CelKind.String ? Tenth(sizes.Of(part).Max) : 0;

    private double Compared(Expr[] parts)
    {
        if (parts[0].Type.Kind is CelKind.Opaque && parts[0].Type.Equals(parts[1].Type))
        {
            switch (parts[0].Type.Name)
            {
                case "kubernetes.NamedFormat":
                    return Tenth(FormatName);
                case "kubernetes.URL":
                    return Tenth(sizes.Of(parts[1]).Max);
                default:
                    return 1;
            }
        }

        return Tenth(sizes.Of(parts[0]).MostCommon(sizes.Of(parts[1])));
    }

    /// <summary>The macro's range, and for each item the steps of the loop that it stands for.</summary>
    private double OfFold(Fold fold)
    {
        (double before, double step) = fold.Kind switch
        {
            FoldKind.All => (1.0, 3.0),
            FoldKind.Exists => (1, 4),
            FoldKind.ExistsOne => (2, 2),
            FoldKind.Filter => (NewList + 1, NewList + 3),
            FoldKind.TransformMap => (NewMap + 1, 3),
            FoldKind.TransformMapEntry => (NewMap + 1, 2),
            _ => (NewList + 1, NewList + 2),
        };
        double within = sizes.Within(fold, () => Cost(fold.Predicate) + Cost(fold.Transform));
        return Cost(fold.Range) + before + (sizes.Of(fold.Range).Max * (within + step));
    }

    private static double Tenth(double size) => Math.Ceiling(size * Walk);
}
