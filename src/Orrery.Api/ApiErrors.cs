using System.Globalization;

namespace Orrery.Api;

/// <summary>
/// One factory a reason, with the codes, details and texts of apimachinery <c>pkg/api/errors/errors.go</c>.
/// Each returns the exception to throw.
/// </summary>
public static class ApiErrors
{
    public static StatusException NotFound(GroupResource resource, string name) =>
        Make(404, StatusReason.NotFound, $"{resource} \"{name}\" not found", About(resource, name));

    /// <summary>The path names no resource that is served.</summary>
    public static StatusException NoSuchResource() =>
        Make(404, StatusReason.NotFound, "the server could not find the requested resource", new StatusDetails());

    public static StatusException AlreadyExists(GroupResource resource, string name) =>
        Make(409, StatusReason.AlreadyExists, $"{resource} \"{name}\" already exists", About(resource, name));

    /// <param name="why">Upstream's usual text for a stale resourceVersion when null.</param>
    public static StatusException Conflict(GroupResource resource, string name, string? why = null) =>
        Make(409, StatusReason.Conflict, $"Operation cannot be fulfilled on {resource} \"{name}\": {why ?? "the object has been modified; please apply your changes to the latest version and try again"}", About(resource, name));

    public static StatusException ApplyConflict(string message, IReadOnlyList<StatusCause> causes) =>
        Make(409, StatusReason.Conflict, message, new StatusDetails { Causes = causes });

    /// <summary>422 with a cause a field. <paramref name="errors"/> must not be empty.</summary>
    public static StatusException Invalid(GroupKind kind, string name, IReadOnlyList<FieldError> errors)
    {
        // Every error is a cause; the message says each text once (apimachinery pkg/util/errors, Aggregate).
        var causes = new StatusCause[errors.Count];
        var texts = new string[errors.Count];
        for (int i = 0; i < causes.Length; i++)
        {
            FieldError error = errors[i];
            causes[i] = new StatusCause(error.CauseReason, error.Body, error.Field);
            texts[i] = $"{error.Field}: {causes[i].Message}";
        }

        texts = texts.Length == 1 ? texts : [.. texts.Distinct()];
        string text = texts.Length == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        return Make(422, StatusReason.Invalid, $"{kind} \"{name}\" is invalid: {text}", new StatusDetails
        {
            Name = name,
            Group = kind.Group,
            Kind = kind.Kind,
            Causes = causes,
        });
    }

    public static StatusException BadRequest(string message) => Make(400, StatusReason.BadRequest, message, null);

    public static StatusException Unauthorized() => Make(401, StatusReason.Unauthorized, "Unauthorized", null);

    /// <param name="name">Empty when the request names no object.</param>
    public static StatusException Forbidden(GroupResource resource, string name, string why) =>
        Make(403, StatusReason.Forbidden, $"{resource}{(name.Length == 0 ? "" : $" \"{name}\"")} is forbidden: {why}", About(resource, name));

    /// <summary>Forbidden for a path that is no resource.</summary>
    public static StatusException ForbiddenPath(string why) => Make(403, StatusReason.Forbidden, $"forbidden: {why}", new StatusDetails());

    public static StatusException MethodNotSupported(GroupResource resource, string verb) =>
        Make(405, StatusReason.MethodNotAllowed, $"{verb} is not supported on resources of kind \"{resource}\"", About(resource, null));

    public static StatusException MethodNotAllowed() =>
        Make(405, StatusReason.MethodNotAllowed, "the server does not allow this method on the requested resource", new StatusDetails());

    /// <summary>410 for a resourceVersion or continue token that is no longer kept.</summary>
    public static StatusException Expired(string message) => Make(410, StatusReason.Expired, message, null);

    public static StatusException NotAcceptable(string message) => Make(406, StatusReason.NotAcceptable, message, null);

    public static StatusException UnsupportedMediaType(string message) => Make(415, StatusReason.UnsupportedMediaType, message, null);

    public static StatusException RequestEntityTooLarge(string message) => Make(413, StatusReason.RequestEntityTooLarge, message, null);

    public static StatusException TooManyRequests(string message, int retryAfterSeconds) =>
        Make(429, StatusReason.TooManyRequests, message, new StatusDetails { RetryAfterSeconds = retryAfterSeconds });

    public static StatusException Timeout(string message, int retryAfterSeconds = 0) =>
        Make(504, StatusReason.Timeout, string.Create(CultureInfo.InvariantCulture, $"Timeout: {message}"), new StatusDetails { RetryAfterSeconds = retryAfterSeconds });

    /// <summary>501: the API has it, and this server does not.</summary>
    public static StatusException NotImplemented(string message) => Make(501, StatusReason.NotImplemented, message, null);

    /// <summary>507, which Kubernetes has no reason for.</summary>
    public static StatusException InsufficientStorage(string message) => Make(507, StatusReason.InsufficientStorage, message, null);

    public static StatusException ServiceUnavailable(string message) => Make(503, StatusReason.ServiceUnavailable, message, null);

    public static StatusException InternalError(string message) =>
        Make(500, StatusReason.InternalError, $"Internal error occurred: {message}", new StatusDetails { Causes = [new StatusCause("", message, "")] });

    private static StatusDetails About(GroupResource resource, string? name) => new() { Name = name, Group = resource.Group, Kind = resource.Resource };

    private static StatusException Make(int code, string reason, string message, StatusDetails? details) =>
        new(new Status { Code = code, Reason = reason, Message = message, Details = details });
}
