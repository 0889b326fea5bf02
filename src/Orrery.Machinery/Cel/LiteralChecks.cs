using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Cel;

/// <summary>
/// What Kubernetes asks of literals beyond the language (cel-go's validators, loaded since 1.29): lists and maps hold values of one type, but for what <c>format</c> is given,
/// and durations, times and patterns can be read. What is <c>dyn</c> fits anything.
/// </summary>
internal static class LiteralChecks
{
    public static IEnumerable<CelIssue> FaultsOf(Expr expression) => FaultsOf(expression, isFree: false);

    /// <summary>The nodes right below one.</summary>
    public static IEnumerable<Expr> PartsOf(Expr expression)
    {
        IEnumerable<Expr?> parts = expression switch
        {
            Select select => [(Expr?)select.Qualified ?? select.Operand],
            Call call => [call.Target, .. call.Arguments],
            ListOf list => list.Items.Select(i => i.Value),
            MapOf map => map.Entries.SelectMany(e => (Expr?[])[e.Key, e.Value]),
            Fold fold => [fold.Range, fold.Predicate, fold.Transform],
            OptionalMap map => [map.Target, map.Body],
            MessageOf message => message.Fields.Select(f => f.Value),
            _ => [],
        };
        return parts.OfType<Expr>();
    }

    private static IEnumerable<CelIssue> FaultsOf(Expr expression, bool isFree)
    {
        isFree |= expression is Call { Function: "format" };
        IEnumerable<CelIssue> own = FaultOf(expression) is { } fault ? [fault] : expression switch
        {
            ListOf list when !isFree => Mixed(list.Items.Select(i => (i.Value, TypeOf(i)))).Take(1),
            MapOf map when !isFree => [.. Mixed(map.Entries.Select(e => (e.Key!, e.Key!.Type))), .. Mixed(map.Entries.Select(e => (e.Value, TypeOf(e))))],
            _ => [],
        };
        return own.Concat(PartsOf(expression).SelectMany(part => FaultsOf(part, isFree)));
    }

    /// <summary>Those that are of another type than the first.</summary>
    private static IEnumerable<CelIssue> Mixed(IEnumerable<(Expr At, CelType Type)> parts)
    {
        CelType? first = null;
        foreach ((Expr at, CelType type) in parts)
        {
            if (!IsAlike(first ??= type, type))
            {
                yield return new CelIssue(at.Offset, $"expected type '{first.Shown}' but found '{type.Shown}'");
            }
        }
    }

    private static CelType TypeOf(Entry entry) => entry is { IsOptional: true, Value.Type: { Kind: CelKind.Optional } optional } ? optional.Arguments[0] : entry.Value.Type;

    private static bool IsAlike(CelType a, CelType b) => a.Kind is CelKind.Dyn or CelKind.Parameter || b.Kind is CelKind.Dyn or CelKind.Parameter || a.Equals(b)
        || (a.Kind == b.Kind && a.Name == b.Name && a.Arguments.Length == b.Arguments.Length && a.Arguments.Length > 0 && a.Arguments.Zip(b.Arguments).All(pair => IsAlike(pair.First, pair.Second)));

    /// <summary>Null for nothing wrong.</summary>
    private static CelIssue? FaultOf(Expr expression) => expression switch
    {
        Call { Function: "duration", Target: null, Arguments: [Literal { Value: string text } at] } when CelTime.ParseDuration(text) is CelError => Invalid(at, "duration"),
        Call { Function: "timestamp", Target: null, Arguments: [Literal { Value: string text } at] } when CelTime.ParseTimestamp(text) is CelError => Invalid(at, "timestamp"),
        Call { Function: "timestamp", Target: null, Arguments: [Literal { Value: long seconds } at] } when CelTime.Timestamp((Int128)seconds * CelTime.Second) is CelError => Invalid(at, "timestamp"),
        Call { Function: "matches", Arguments: [.., Literal { Value: string pattern } at] } when !IsPattern(pattern) => Invalid(at, "matches"),
        Call { Function: "find" or "findAll", Target: not null, Arguments: [Literal { Value: string pattern } at, ..] } call when !IsPattern(pattern) => Invalid(at, call.Function),
        _ => null,
    };

    private static CelIssue Invalid(Expr at, string function) => new(at.Offset, $"invalid {function} argument");

    private static bool IsPattern(string pattern)
    {
        try
        {
            Re2.Run(pattern, static regex => regex);
            return true;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return false;
        }
    }
}
