using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Cel;

/// <summary>Arguments that are written out and can be known to fail: cel-go's validators of durations, times and patterns, which Kubernetes loads since 1.29.</summary>
internal static class LiteralChecks
{
    /// <summary>Null for nothing wrong.</summary>
    public static CelIssue? FaultOf(Expr expression) => expression switch
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
