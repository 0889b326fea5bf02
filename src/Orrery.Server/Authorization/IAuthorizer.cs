using Orrery.Api;
using Orrery.Server.Audit;
using Orrery.Server.Authentication;
using Orrery.Server.Requests;

namespace Orrery.Server.Authorization;

/// <summary>Decides whether a user may do something in one cluster. Reads memory only, unless an operator has configured a webhook.</summary>
public interface IAuthorizer
{
    AuthorizationDecision Authorize(AuthorizationAttributes attributes);

    /// <summary>As the other, for whoever can wait: it completes at once wherever memory alone is read.</summary>
    ValueTask<AuthorizationDecision> AuthorizeAsync(AuthorizationAttributes attributes, CancellationToken cancellationToken) => new(Authorize(attributes));
}

/// <summary>What somebody wants to do (apiserver <c>pkg/authorization/authorizer/interfaces.go</c>).</summary>
public sealed record AuthorizationAttributes
{
    public required UserInfo User { get; init; }

    public required ClusterName Cluster { get; init; }

    public required string Verb { get; init; }

    /// <summary>False: <see cref="Path"/> counts, and nothing of the resource.</summary>
    public bool IsResourceRequest { get; init; } = true;

    public string Path { get; init; } = "";

    public string Group { get; init; } = "";

    public string Version { get; init; } = "";

    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>Of a list, watch or deletecollection that says one; null: nothing is left out by it.</summary>
    public SelectorLimit? FieldSelector { get; init; }

    /// <inheritdoc cref="FieldSelector"/>
    public SelectorLimit? LabelSelector { get; init; }

    public static AuthorizationAttributes From(UserInfo user, RequestInfo request) => new()
    {
        User = user,
        Cluster = request.Cluster,
        Verb = request.Verb,
        IsResourceRequest = request.IsResourceRequest,
        Path = request.Path,
        Group = request.Group,
        Version = request.Version,
        Resource = request.Resource,
        Subresource = request.Subresource,
        Namespace = request.Namespace,
        Name = request.Name,
        FieldSelector = request.IsLimitedBySelectors ? SelectorLimit.OfFields(request.Query["fieldSelector"]) : null,
        LabelSelector = request.IsLimitedBySelectors ? SelectorLimit.OfLabels(request.Query["labelSelector"]) : null,
    };
}

/// <summary>How it was decided.</summary>
/// <param name="Reason">Why, as upstream words it: which binding allows, or what could not be resolved. Often empty on refusal.</param>
public readonly record struct AuthorizationDecision(bool Allowed, string Reason)
{
    /// <summary>Somebody said no, so that nobody else was asked; otherwise nobody said yes.</summary>
    public bool IsDenied { get; init; }

    /// <summary>What went wrong on the way; null or empty: nothing.</summary>
    public string? Error { get; init; }
}

/// <summary>The authorization stage of the pipeline.</summary>
public static class AuthorizerExtensions
{
    /// <exception cref="StatusException">403 with upstream's text.</exception>
    public static void Require(this IAuthorizer authorizer, AuthorizationAttributes attributes) => Conclude(authorizer.Authorize(attributes), attributes, null);

    /// <inheritdoc cref="Require(IAuthorizer, AuthorizationAttributes)"/>
    /// <param name="trail">Told of the decision; null where the request is not recorded.</param>
    internal static ValueTask RequireAsync(this IAuthorizer authorizer, AuthorizationAttributes attributes, AuditTrail? trail, CancellationToken cancellationToken)
    {
        ValueTask<AuthorizationDecision> asked = authorizer.AuthorizeAsync(attributes, cancellationToken);
        if (!asked.IsCompletedSuccessfully)
        {
            return AwaitAsync(asked, attributes, trail);
        }

        Conclude(asked.Result, attributes, trail);
        return ValueTask.CompletedTask;
    }

    private static async ValueTask AwaitAsync(ValueTask<AuthorizationDecision> asked, AuthorizationAttributes attributes, AuditTrail? trail) => Conclude(await asked, attributes, trail);

    private static void Conclude(AuthorizationDecision decision, AuthorizationAttributes attributes, AuditTrail? trail)
    {
        trail?.Authorized(decision);
        if (!decision.Allowed)
        {
            // Who decides could not be asked: that is no refusal, and says nothing of what the user may do.
            throw decision.Error is { Length: > 0 } error
                ? new StatusException(new Status { Code = 500, Reason = "InternalError", Message = $"Internal Server Error: \"{attributes.Path}\": {error}" })
                : Forbidden(attributes, decision.Reason);
        }
    }

    /// <summary>The 403 of apiserver <c>pkg/endpoints/handlers/responsewriters/errors.go</c>.</summary>
    public static StatusException Forbidden(AuthorizationAttributes a, string reason)
    {
        string resource = a.Subresource.Length > 0 ? $"{a.Resource}/{a.Subresource}" : a.Resource;
        string why = !a.IsResourceRequest
            ? $"User \"{a.User.Name}\" cannot {a.Verb} path \"{a.Path}\""
            : $"User \"{a.User.Name}\" cannot {a.Verb} resource \"{resource}\" in API group \"{a.Group}\" "
                + (a.Namespace.Length > 0 ? $"in the namespace \"{a.Namespace}\"" : "at the cluster scope");
        why = reason.Length > 0 ? $"{why}: {reason}" : why;
        return a.IsResourceRequest ? ApiErrors.Forbidden(new GroupResource(a.Group, a.Resource), a.Name, why) : ApiErrors.ForbiddenPath(why);
    }
}
