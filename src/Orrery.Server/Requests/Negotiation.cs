using System.Collections.Concurrent;
using Orrery.Api;
using Orrery.Machinery.Wire;

namespace Orrery.Server.Requests;

/// <summary>In which form the answer shows its objects.</summary>
public enum AnswerShape
{
    /// <summary>As they are.</summary>
    Object,

    /// <summary>A meta.k8s.io Table.</summary>
    Table,

    /// <summary>PartialObjectMetadata: one object, or each event of a watch.</summary>
    Metadata,

    /// <summary>PartialObjectMetadataList.</summary>
    MetadataList,
}

/// <summary>What the client is to get.</summary>
/// <param name="ShapeVersion">Version of meta.k8s.io for every shape but Object: <c>v1</c> or <c>v1beta1</c>.</param>
public readonly record struct AnswerFormat(AnswerShape Shape, string ShapeVersion);

/// <summary>How a request body is encoded.</summary>
public enum BodyFormat
{
    Json,
    Yaml,

    /// <summary>Kubernetes' binary encoding of built-in kinds.</summary>
    Protobuf,
}

/// <summary>Which kind of patch a body is.</summary>
public enum PatchFormat
{
    Json,
    Merge,
    StrategicMerge,

    /// <summary>Server-side apply; the body is YAML, of which JSON is a part.</summary>
    Apply,
}

/// <summary>
/// Content negotiation (apiserver <c>pkg/endpoints/handlers/negotiation</c>). Answers are JSON, or YAML where that is asked for first;
/// a clause that asks for something else is passed over for the client's next one.
/// </summary>
public static class Negotiation
{
    private const string Represented = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

    /// <summary>A client says the same again and again: what was made of it is remembered, of so many headers.</summary>
    private const int MostRemembered = 256;

    private const int LongestRemembered = 256;

    private static readonly ConcurrentDictionary<string, AnswerFormat> Remembered = new(StringComparer.Ordinal);

    /// <param name="isCustom">A custom resource is asked for: a refusal is worded by its handler, that of anything else by upstream's router.</param>
    /// <exception cref="StatusException">406: none of what the client accepts can be made.</exception>
    public static AnswerFormat Answer(string? accept, bool isCustom = false)
    {
        if (accept is null || accept.Length > LongestRemembered)
        {
            return Read(accept, isCustom);
        }

        if (!Remembered.TryGetValue(accept, out AnswerFormat format))
        {
            format = Read(accept, isCustom);
            if (Remembered.Count < MostRemembered)
            {
                Remembered[accept] = format;
            }
        }

        return format;
    }

    /// <summary>As <see cref="Answer"/>, of something that has no table: a client that accepts one alone is refused.</summary>
    /// <exception cref="StatusException">406: none of what the client accepts can be made.</exception>
    public static AnswerFormat AnswerWithoutTable(string? accept) =>
        accept is not null && accept.Contains("Table", StringComparison.Ordinal) ? Read(accept, isCustom: false, hasTable: false) : Answer(accept);

    private static AnswerFormat Read(string? accept, bool isCustom, bool hasTable = true)
    {
        bool isKnown = isCustom;
        foreach (MediaType clause in MediaType.ParseAccept(accept))
        {
            if (!clause.Accepts("application", "json") && !IsYaml(clause))
            {
                isKnown |= clause is { Type: "application", Subtype: "vnd.kubernetes.protobuf" };
                continue;
            }

            isKnown = true;
            string shape = clause.Parameter("as"), group = clause.Parameter("g"), version = clause.Parameter("v");
            if (shape.Length + group.Length + version.Length == 0)
            {
                return new AnswerFormat(AnswerShape.Object, "");
            }

            AnswerShape? known = shape switch
            {
                "Table" when hasTable => AnswerShape.Table,
                "PartialObjectMetadata" => AnswerShape.Metadata,
                "PartialObjectMetadataList" => AnswerShape.MetadataList,
                _ => null,
            };
            if (known is { } found && group == "meta.k8s.io" && version is "v1" or "v1beta1")
            {
                return new AnswerFormat(found, version);
            }
        }

        throw isKnown ? NotAcceptable($"only the following media types are accepted: {Represented}") : NotRepresented();
    }

    /// <summary>The first clause that can be met asks for YAML.</summary>
    public static bool WantsYaml(string? accept) =>
        accept is not null && accept.Contains("yaml", StringComparison.OrdinalIgnoreCase)
        && MediaType.ParseAccept(accept).FirstOrDefault(c => c.Accepts("application", "json") || IsYaml(c)) is { } first && IsYaml(first);

    private static bool IsYaml(MediaType clause) => clause is { Type: "application", Subtype: "yaml" };

    /// <summary>The format of a body that is an object. No header means JSON.</summary>
    /// <exception cref="StatusException">415.</exception>
    public static BodyFormat Body(string? contentType) => contentType == "application/json" ? BodyFormat.Json : WellFormed(contentType) switch
    {
        "" or "application/json" => BodyFormat.Json,
        "application/yaml" => BodyFormat.Yaml,
        KubernetesProtobuf.MediaType => BodyFormat.Protobuf,
        _ => throw ApiErrors.UnsupportedMediaType($"the body of the request was in an unknown format - accepted media types include: {Represented}"),
    };

    /// <param name="custom">The resource is a custom one, which knows no strategic merge.</param>
    /// <exception cref="StatusException">415.</exception>
    public static PatchFormat Patch(string? contentType, bool custom) => Essence(contentType) switch
    {
        "application/json-patch+json" => PatchFormat.Json,
        "application/merge-patch+json" => PatchFormat.Merge,
        "application/strategic-merge-patch+json" when !custom => PatchFormat.StrategicMerge,
        "application/apply-patch+yaml" or "application/apply-patch+json" => PatchFormat.Apply,
        _ when custom => throw ApiErrors.UnsupportedMediaType(
            "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"),
        _ => throw new StatusException(new Status
        {
            Code = 415, Reason = StatusReason.UnsupportedMediaType, Message = "415: Unsupported Media Type", Details = new StatusDetails(),
        }),
    };

    /// <summary>406: of the encodings one fits, and yet nothing of what is asked for in it can be made.</summary>
    public static StatusException NotAcceptable(string why) => new(new Status { Code = 406, Reason = StatusReason.NotAcceptable, Message = why });

    /// <summary>406: no encoding fits.</summary>
    public static StatusException NotRepresented() => new(new Status
    {
        Code = 406,
        Reason = StatusReason.NotAcceptable,
        Message = $"406: Not Acceptable\n\nAvailable representations: {Represented}",
        Details = new StatusDetails(),
    });

    /// <summary>The essence of a media type whose parameters all have values, as Go's <c>mime</c> wants it; any other as it is.</summary>
    private static string WellFormed(string? contentType) =>
        contentType is not null && contentType.Split(';').Skip(1).Any(part => part.Trim() is { Length: > 0 } parameter && parameter.IndexOf('=', StringComparison.Ordinal) <= 0)
            ? contentType
            : Essence(contentType);

    private static string Essence(string? contentType) =>
        string.IsNullOrWhiteSpace(contentType) ? "" : MediaType.Parse(contentType)?.Essence ?? contentType;
}
