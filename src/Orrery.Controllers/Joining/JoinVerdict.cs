namespace Orrery.Controllers.Joining;

internal enum JoinDecision
{
    Refuse,

    /// <summary>Nothing is wrong, but an operator decides.</summary>
    Wait,

    Approve,
}

/// <summary>What becomes of a request for a satellite's certificate.</summary>
/// <param name="Reason">CamelCase, for conditions and Events.</param>
/// <param name="Message">For people.</param>
internal readonly record struct JoinVerdict(JoinDecision Decision, string Reason, string Message)
{
    public static JoinVerdict Refuse(string reason, string message) => new(JoinDecision.Refuse, reason, message);
}
