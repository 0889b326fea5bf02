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
/// <param name="IsProtobuf">In Kubernetes' binary encoding; otherwise JSON, or YAML (<see cref="Negotiation.WantsYaml"/>).</param>
public readonly record struct AnswerFormat(AnswerShape Shape, string ShapeVersion, bool IsProtobuf = false);

/// <summary>What has a form in Kubernetes' binary encoding.</summary>
public enum BinaryForms
{
    /// <summary>Objects as they are, and their metadata alone.</summary>
    All,

    /// <summary>Of custom resources, which have no such form, their metadata alone.</summary>
    Metadata,

    /// <summary>Nothing.</summary>
    None,
}

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
/// Content negotiation (apiserver <c>pkg/endpoints/handlers/negotiation</c>). Answers are JSON, or YAML or protobuf where that is asked for first;
/// a clause that asks for something else, or for what cannot be made so, is passed over for the client's next one.
/// </summary>
public static class Negotiation
{
    /// <summary>Behind <c>application/</c>: <see cref="KubernetesProtobuf.MediaType"/>.</summary>
    private const string Binary = "vnd.kubernetes.protobuf";

    private const string Represented = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

    /// <summary>A client says the same again and again: what was made of it is remembered, of so many headers.</summary>
    private const int MostRemembered = 256;

    private const int LongestRemembered = 256;

    private static readonly ConcurrentDictionary<(string Accept, BinaryForms Binary), AnswerFormat> Remembered = new();

    /// <param name="isCustom">A custom resource is asked for: a refusal is worded by its handler, that of anything else by upstream's router.</param>
    /// <param name="binary">What of it has a binary form.</param>
    /// <exception cref="StatusException">406: none of what the client accepts can be made.</exception>
    public static AnswerFormat Answer(string? accept, bool isCustom = false, BinaryForms binary = BinaryForms.All)
    {
        if (accept is null || accept.Length > LongestRemembered)
        {
            return Read(accept, isCustom, binary);
        }

        if (!Remembered.TryGetValue((accept, binary), out AnswerFormat format))
        {
            format = Read(accept, isCustom, binary);
            if (Remembered.Count < MostRemembered)
            {
                Remembered[(accept, binary)] = format;
            }
        }

        return format;
    }

    /// <summary>As <see cref="Answer"/>, of something that has no table: a client that accepts one alone is refused.</summary>
    /// <exception cref="StatusException">406: none of what the client accepts can be made.</exception>
    public static AnswerFormat AnswerWithoutTable(string? accept) =>
        accept is not null && accept.Contains("Table", StringComparison.Ordinal) ? Read(accept, isCustom: false, BinaryForms.All, hasTable: false) : Answer(accept);

    /// <summary>Whether what has one shape alone, such as a refusal or a document of discovery, goes out in protobuf. A client that accepts nothing that can be made is told so in JSON.</summary>
    public static bool WantsProtobuf(string? accept) =>
        accept is not null && accept.Contains(Binary, StringComparison.OrdinalIgnoreCase)
        && MediaType.ParseAccept(accept).FirstOrDefault(c => !IsTransform(c) && (c.Accepts("application", "json") || IsYaml(c) || IsProtobuf(c))) is { } first && IsProtobuf(first);

    private static AnswerFormat Read(string? accept, bool isCustom, BinaryForms binary, bool hasTable = true)
    {
        bool isKnown = isCustom;
        foreach (MediaType clause in MediaType.ParseAccept(accept))
        {
            bool isBinary = IsProtobuf(clause);
            if (!isBinary && !clause.Accepts("application", "json") && !IsYaml(clause))
            {
                continue;
            }

            isKnown = true;
            if (clause.Parameter("stream") is not ("" or "watch"))
            {
                continue;
            }

            if (!IsTransform(clause))
            {
                if (isBinary && binary != BinaryForms.All)
                {
                    continue;
                }

                return new AnswerFormat(AnswerShape.Object, "", isBinary);
            }

            AnswerShape? known = clause.Parameter("as") switch
            {
                "Table" when hasTable && !isBinary => AnswerShape.Table,
                "PartialObjectMetadata" => AnswerShape.Metadata,
                "PartialObjectMetadataList" => AnswerShape.MetadataList,
                _ => null,
            };
            string version = clause.Parameter("v");
            if (known is { } found && clause.Parameter("g") == "meta.k8s.io" && version is "v1" or "v1beta1" && !(isBinary && binary == BinaryForms.None))
            {
                return new AnswerFormat(found, version, isBinary);
            }
        }

        throw isKnown ? NotAcceptable($"only the following media types are accepted: {Represented}") : NotRepresented();
    }

    /// <summary>The clause asks for another object than the one that there is.</summary>
    public static bool IsTransform(MediaType clause) => clause.Parameter("as").Length + clause.Parameter("g").Length + clause.Parameter("v").Length > 0;

    /// <summary>The first clause that can be met asks for YAML.</summary>
    public static bool WantsYaml(string? accept) =>
        accept is not null && accept.Contains("yaml", StringComparison.OrdinalIgnoreCase)
        && MediaType.ParseAccept(accept).FirstOrDefault(c => c.Accepts("application", "json") || IsYaml(c)) is { } first && IsYaml(first);

    public static bool IsProtobuf(MediaType clause) => clause is { Type: "application", Subtype: Binary };

    public static bool IsYaml(MediaType clause) => clause is { Type: "application", Subtype: "yaml" };

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
