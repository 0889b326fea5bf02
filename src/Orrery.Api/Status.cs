using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Api;

/// <summary>One field's fault inside a Status, as in metav1 StatusCause.</summary>
/// <param name="Reason">A <see cref="FieldErrorType"/> by its wire name, such as <c>FieldValueInvalid</c>.</param>
/// <param name="Message">For people; holds the value and what is allowed.</param>
/// <param name="Field">Path such as <c>spec.containers[0].name</c>.</param>
public sealed record StatusCause(string Reason, string Message, string Field);

/// <summary>What a Status is about, as in metav1 StatusDetails. Null or empty members are left out on the wire.</summary>
public sealed record StatusDetails
{
    public string? Name { get; init; }

    public string? Group { get; init; }

    /// <summary>A resource (most reasons) or a kind (Invalid): upstream uses the one field for both.</summary>
    public string? Kind { get; init; }

    public string? Uid { get; init; }

    public IReadOnlyList<StatusCause> Causes { get; init; } = [];

    /// <summary>Seconds after which the client may try again; zero when unsaid.</summary>
    public int RetryAfterSeconds { get; init; }
}

/// <summary>A metav1 Status: the answer of every failed request, and of a successful delete.</summary>
public sealed record Status
{
    /// <summary>HTTP status code.</summary>
    public required int Code { get; init; }

    /// <summary>One of <see cref="StatusReason"/>; empty on success.</summary>
    public string Reason { get; init; } = "";

    public string Message { get; init; } = "";

    /// <summary>Null leaves the field out; an empty record writes <c>{}</c>, as upstream does for some errors.</summary>
    public StatusDetails? Details { get; init; }

    public bool IsSuccess => Code is >= 200 and < 300;

    /// <summary>With Expired on a paged list: where it can go on, inconsistently. Empty otherwise.</summary>
    public string Continue { get; init; } = "";

    /// <summary>The wire form, members in upstream's order.</summary>
    public JsonObject ToJson()
    {
        using JsonScratch scratch = JsonScratch.Take();
        WriteTo(scratch.Writer);
        var reader = new Utf8JsonReader(scratch.Written);
        return JsonObject.Create(JsonElement.ParseValue(ref reader))!;
    }

    /// <summary>Writes the wire form.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("kind"u8, "Status"u8);
        writer.WriteString("apiVersion"u8, "v1"u8);
        writer.WriteStartObject("metadata"u8);
        Put(writer, "continue"u8, Continue);
        writer.WriteEndObject();
        writer.WriteString("status"u8, IsSuccess ? "Success"u8 : "Failure"u8);
        Put(writer, "message"u8, Message);
        Put(writer, "reason"u8, Reason);
        if (Details is not null)
        {
            writer.WritePropertyName("details"u8);
            WriteTo(writer, Details);
        }

        if (!IsSuccess)
        {
            writer.WriteNumber("code"u8, Code);
        }

        writer.WriteEndObject();
    }

    /// <summary>Reads a Status that a server answered. Missing members become their defaults.</summary>
    public static Status FromJson(JsonObject json)
    {
        var details = json["details"] as JsonObject;
        return new Status
        {
            Code = Number(json, "code") ?? (json.TextAt("status") == "Success" ? 200 : 500),
            Reason = json.TextAt("reason") ?? "",
            Message = json.TextAt("message") ?? "",
            Details = details is null ? null : DetailsFromJson(details),
        };
    }

    private static void WriteTo(Utf8JsonWriter writer, StatusDetails details)
    {
        writer.WriteStartObject();
        Put(writer, "name"u8, details.Name);
        Put(writer, "group"u8, details.Group);
        Put(writer, "kind"u8, details.Kind);
        Put(writer, "uid"u8, details.Uid);
        if (details.Causes.Count > 0)
        {
            writer.WriteStartArray("causes"u8);
            foreach (StatusCause cause in details.Causes)
            {
                writer.WriteStartObject();
                Put(writer, "reason"u8, cause.Reason);
                Put(writer, "message"u8, cause.Message);
                Put(writer, "field"u8, cause.Field);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        if (details.RetryAfterSeconds > 0)
        {
            writer.WriteNumber("retryAfterSeconds"u8, details.RetryAfterSeconds);
        }

        writer.WriteEndObject();
    }

    private static StatusDetails DetailsFromJson(JsonObject json) => new()
    {
        Name = json.TextAt("name"),
        Group = json.TextAt("group"),
        Kind = json.TextAt("kind"),
        Uid = json.TextAt("uid"),
        RetryAfterSeconds = Number(json, "retryAfterSeconds") ?? 0,
        Causes = json["causes"] is JsonArray causes
            ? [.. causes.OfType<JsonObject>().Select(c => new StatusCause(
                c.TextAt("reason") ?? "", c.TextAt("message") ?? "", c.TextAt("field") ?? ""))]
            : [],
    };

    private static int? Number(JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue(out int number) ? number : null;

    private static void Put(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            writer.WriteString(name, value);
        }
    }
}

/// <summary>Wire values of <c>Status.reason</c> (apimachinery <c>pkg/apis/meta/v1/types.go</c>).</summary>
public static class StatusReason
{
    public const string Unauthorized = "Unauthorized";
    public const string Forbidden = "Forbidden";
    public const string NotFound = "NotFound";
    public const string AlreadyExists = "AlreadyExists";
    public const string Conflict = "Conflict";
    public const string Gone = "Gone";
    public const string Invalid = "Invalid";
    public const string ServerTimeout = "ServerTimeout";
    public const string Timeout = "Timeout";
    public const string TooManyRequests = "TooManyRequests";
    public const string BadRequest = "BadRequest";
    public const string MethodNotAllowed = "MethodNotAllowed";
    public const string NotAcceptable = "NotAcceptable";
    public const string RequestEntityTooLarge = "RequestEntityTooLarge";
    public const string UnsupportedMediaType = "UnsupportedMediaType";
    public const string InternalError = "InternalError";
    public const string Expired = "Expired";
    public const string ServiceUnavailable = "ServiceUnavailable";
    public const string InsufficientStorage = "InsufficientStorage";

    /// <summary>Not one of upstream's: 501 has none there.</summary>
    public const string NotImplemented = "NotImplemented";
}

/// <summary>The one exception that carries a Kubernetes Status, in the server (to be answered) and in the client (was answered).</summary>
public sealed class StatusException(Status status, Exception? inner = null) : Exception(status.Message, inner)
{
    public Status Status { get; } = status;

    public string Reason => Status.Reason;

    public int Code => Status.Code;

    public bool IsNotFound => Status.Reason == StatusReason.NotFound || Status.Code == 404;

    /// <summary>The server knows nothing at that path, where <see cref="IsNotFound"/> also says that one object of what it serves is not there: no object is named.</summary>
    public bool IsUnserved => Status.Code == 404 && string.IsNullOrEmpty(Status.Details?.Name);

    public bool IsConflict => Status.Reason == StatusReason.Conflict;

    public bool IsAlreadyExists => Status.Reason == StatusReason.AlreadyExists;

    /// <summary>The resourceVersion asked for is no longer kept: list again.</summary>
    public bool IsExpired => Status.Reason is StatusReason.Expired or StatusReason.Gone;
}
