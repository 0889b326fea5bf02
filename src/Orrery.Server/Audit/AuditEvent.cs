using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Requests;

namespace Orrery.Server.Audit;

/// <summary>One Event of audit.k8s.io/v1, as far as it is known.</summary>
internal sealed class AuditEvent
{
    private const string Stamp = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private string? createdName;
    private string? uid;
    private string? resourceVersion;

    public required string Id { get; init; }

    public required AuditLevel Level { get; init; }

    public required RequestInfo Info { get; init; }

    public required string Uri { get; init; }

    /// <summary>Null: nobody could be authenticated.</summary>
    public required UserInfo? User { get; init; }

    public required string Source { get; init; }

    public required string UserAgent { get; init; }

    public required DateTimeOffset Received { get; init; }

    public UserInfo? Impersonated { get; set; }

    /// <summary>By which right <see cref="Impersonated"/> was allowed, such as <c>impersonate:user-info</c>; null: by the plain one.</summary>
    public string? ImpersonationConstraint { get; set; }

    public SortedDictionary<string, string> Annotations { get; } = new(StringComparer.Ordinal);

    /// <summary>Zero while there is no answer.</summary>
    public int Code { get; set; }

    /// <summary>Null after success.</summary>
    public Status? Failure { get; set; }

    /// <summary>The request's body; null leaves it out.</summary>
    public JsonNode? Request { get; set; }

    /// <summary>The answer's body; null leaves it out.</summary>
    public JsonNode? Response { get; set; }

    /// <summary>Takes from a body what the path does not say of the object.</summary>
    public void Complete(JsonObject? body)
    {
        if (body?["metadata"] is not JsonObject metadata)
        {
            return;
        }

        createdName = metadata.TextAt("name");
        uid = metadata.TextAt("uid");
        resourceVersion = metadata.TextAt("resourceVersion");
    }

    /// <summary>The event of one stage, on one line.</summary>
    public byte[] ToJson(AuditStage stage, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("kind"u8, "Event"u8);
            json.WriteString("apiVersion"u8, "audit.k8s.io/v1"u8);
            json.WriteString("level"u8, Level.ToString());
            json.WriteString("auditID"u8, Id);
            json.WriteString("stage"u8, stage.ToString());
            json.WriteString("requestURI"u8, Uri);
            json.WriteString("verb"u8, Info.Verb);
            WriteUser(json, "user", User);
            if (Impersonated is not null)
            {
                WriteUser(json, "impersonatedUser", Impersonated);
            }

            if (ImpersonationConstraint is not null)
            {
                json.WriteStartObject("authenticationMetadata"u8);
                json.WriteString("impersonationConstraint"u8, ImpersonationConstraint);
                json.WriteEndObject();
            }

            if (Source.Length > 0)
            {
                json.WriteStartArray("sourceIPs"u8);
                json.WriteStringValue(Source);
                json.WriteEndArray();
            }

            WriteText(json, "userAgent", UserAgent);
            if (Info.IsResourceRequest)
            {
                WriteObjectReference(json);
            }

            if (Code > 0)
            {
                WriteStatus(json);
            }

            WriteBody(json, "requestObject", Request);
            WriteBody(json, "responseObject", Response);
            json.WriteString("requestReceivedTimestamp"u8, Text(Received));
            json.WriteString("stageTimestamp"u8, Text(now));
            if (Annotations.Count > 0)
            {
                json.WriteStartObject("annotations"u8);
                foreach ((string key, string value) in Annotations)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>An object, or a list of them, without who manages which field.</summary>
    public static JsonNode WithoutManagedFields(JsonObject json)
    {
        foreach (JsonObject item in (json["items"] as JsonArray ?? []).OfType<JsonObject>().Append(json))
        {
            (item["metadata"] as JsonObject)?.Remove("managedFields");
        }

        return json;
    }

    private void WriteObjectReference(Utf8JsonWriter json)
    {
        json.WriteStartObject("objectRef"u8);
        json.WriteString("resource"u8, Info.Resource);
        WriteText(json, "namespace", Info.Namespace);
        WriteText(json, "name", Info.Name.Length > 0 ? Info.Name : createdName);
        WriteText(json, "uid", uid);
        WriteText(json, "apiGroup", Info.Group);
        WriteText(json, "apiVersion", Info.Version);
        WriteText(json, "resourceVersion", resourceVersion);
        WriteText(json, "subresource", Info.Subresource);
        json.WriteEndObject();
    }

    private void WriteStatus(Utf8JsonWriter json)
    {
        json.WritePropertyName("responseStatus"u8);
        if (Failure is { } failure)
        {
            JsonObject status = failure.ToJson();
            status.Remove("kind");
            status.Remove("apiVersion");
            status.WriteTo(json);
            return;
        }

        json.WriteStartObject();
        json.WriteStartObject("metadata"u8);
        json.WriteEndObject();
        json.WriteNumber("code"u8, Code);
        json.WriteEndObject();
    }

    private static void WriteUser(Utf8JsonWriter json, string name, UserInfo? user)
    {
        json.WriteStartObject(name);
        WriteText(json, "username", user?.Name);
        WriteText(json, "uid", user?.Uid);
        if (user is { Groups.Count: > 0 })
        {
            WriteTexts(json, "groups", user.Groups);
        }

        if (user is { Extra.Count: > 0 })
        {
            json.WriteStartObject("extra"u8);
            foreach ((string key, IReadOnlyList<string> values) in user.Extra)
            {
                WriteTexts(json, key, values);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteBody(Utf8JsonWriter json, string name, JsonNode? body)
    {
        if (body is not null)
        {
            // Written from the tree, never as it came: nothing that a client sent may begin a line of its own.
            json.WritePropertyName(name);
            body.WriteTo(json);
        }
    }

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString(Stamp, CultureInfo.InvariantCulture);
}
