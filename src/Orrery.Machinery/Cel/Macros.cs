namespace Orrery.Machinery.Cel;

/// <summary>Calls that are read otherwise than by evaluating their arguments first.</summary>
internal static class Macros
{
    /// <summary>The macro's node; null when the call is an ordinary one.</summary>
    /// <exception cref="CelCompileException">The macro is meant, but its arguments are no names.</exception>
    public static Expr? Expand(string source, int offset, Expr? target, string name, IReadOnlyList<Expr> arguments)
    {
        if (target is null)
        {
            return name == "has" && arguments.Count == 1
                ? arguments[0] is Select { IsOptional: false } select ? new Select(offset, select.Operand, select.Field, isTest: true) : throw Fault(source, arguments[0].Offset, "invalid argument to has() macro")
                : null;
        }

        Expr last = arguments.Count > 0 ? arguments[^1] : target;
        return (name, arguments.Count) switch
        {
            ("all", 2 or 3) => Test(FoldKind.All),
            ("exists", 2 or 3) => Test(FoldKind.Exists),
            ("exists_one" or "existsOne", 2 or 3) => Test(FoldKind.ExistsOne),
            ("filter", 2) => Test(FoldKind.Filter),
            ("map", 2) => new Fold(offset, FoldKind.Map, target, Name(0), null, null, last),
            ("map", 3) => new Fold(offset, FoldKind.Map, target, Name(0), null, arguments[1], last),
            ("transformList", 3 or 4) => Transform(FoldKind.TransformList),
            ("transformMap", 3 or 4) => Transform(FoldKind.TransformMap),
            ("transformMapEntry", 3 or 4) => Transform(FoldKind.TransformMapEntry),
            ("sortBy", 2) => new Fold(offset, FoldKind.SortBy, target, Name(0), null, null, last),
            ("optMap", 2) => new OptionalMap(offset, target, Name(0), last, false),
            ("optFlatMap", 2) => new OptionalMap(offset, target, Name(0), last, true),
            _ => null,
        };

        Fold Test(FoldKind kind) => new(offset, kind, target, Name(0), arguments.Count == 3 ? Second() : null, last, null);

        Fold Transform(FoldKind kind) => new(offset, kind, target, Name(0), Second(), arguments.Count == 4 ? arguments[2] : null, last);

        string Second() => Name(1) is { } second && second != Name(0) ? second : throw Fault(source, arguments[1].Offset, "duplicate variable name: " + Name(0));

        string Name(int index) => arguments[index] is Identifier { Name: { } found } && !found.StartsWith('.') ? found : throw Fault(source, arguments[index].Offset, "argument must be a simple name");
    }

    private static CelCompileException Fault(string source, int offset, string message) => new(source, [new CelIssue(offset, message)]);
}
