using Orrery.Api;

namespace Orrery.Machinery.Cel;

/// <summary>Answers what an expression asks of the authorizer: somebody else's knowledge, as rules are pure.</summary>
public interface ICelAuthorizer
{
    CelAccessDecision Check(CelAccess access);
}

/// <summary>What an expression asks: may the user, or a service account, do this.</summary>
public sealed record CelAccess
{
    /// <summary>Null: whoever makes the request.</summary>
    public (string Namespace, string Name)? ServiceAccount { get; init; }

    /// <summary>Null for a resource.</summary>
    public string? Path { get; init; }

    public string Group { get; init; } = "";

    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>As in a query, unread; empty: none.</summary>
    public string FieldSelector { get; init; } = "";

    /// <inheritdoc cref="FieldSelector"/>
    public string LabelSelector { get; init; } = "";

    public string Verb { get; init; } = "";
}

/// <summary>How it was decided.</summary>
/// <param name="Error">Null when nothing went wrong.</param>
public readonly record struct CelAccessDecision(bool Allowed, string Reason, string? Error = null);
