using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Wire;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>
/// Objects, or their metadata alone, in Kubernetes' binary encoding. An event is a length of four bytes and a metav1 WatchEvent, whose object stands in an envelope
/// (apimachinery <c>serializer/protobuf</c>, <c>util/framer</c>). One for each kind, shared by all requests.
/// </summary>
internal sealed class ProtobufForm : AnswerForm
{
    private static readonly ConcurrentDictionary<GroupVersionKind, ProtobufForm> Made = new();
    private static readonly ProtobufKind StatusKind = ProtobufKind.Find(new GroupVersionKind("", "v1", "Status"))!;

    private readonly ProtobufKind one;
    private readonly bool isMetadata;

    private ProtobufForm(GroupVersionKind kind, string listKind, bool isMetadata)
    {
        one = Require(kind);
        Many = Require(kind with { Kind = listKind });
        this.isMetadata = isMetadata;
    }

    public override string ContentType => KubernetesProtobuf.MediaType;

    public override string WatchContentType => KubernetesProtobuf.MediaType + ";stream=watch";

    /// <summary>The kind of lists.</summary>
    public ProtobufKind Many { get; }

    /// <param name="resource">Whose kind has a binary form.</param>
    public static ProtobufForm Of(ResourceDefinition resource) =>
        Made.TryGetValue(resource.Kind, out ProtobufForm? found) ? found : Made.GetOrAdd(resource.Kind, new ProtobufForm(resource.Kind, resource.ListKind, isMetadata: false));

    /// <param name="version">Of meta.k8s.io: <c>v1</c> or <c>v1beta1</c>.</param>
    public static ProtobufForm Metadata(string version) =>
        Made.GetOrAdd(new GroupVersionKind("meta.k8s.io", version, "PartialObjectMetadata"), kind => new ProtobufForm(kind, "PartialObjectMetadataList", isMetadata: true));

    /// <summary>A tree, which says its kind, in its envelope.</summary>
    public static ReadOnlyMemory<byte> Encode(JsonObject json) => Enveloped(Require(json.GroupVersionKind), ObjectEncoding.Write(json));

    public override ReadOnlyMemory<byte> Render(ResourceRequest request, ReadOnlyMemory<byte> json) =>
        Enveloped(one, isMetadata ? json : ServedObject.Json(request.Resource, json));

    public override ListBody List(ResourceRequest request, ListHead head, IReadOnlyList<CachedObject> items) => new ProtobufList(request, this, head, items);

    /// <summary>Without its envelope, as items of a list are written.</summary>
    /// <returns>Good until the encoder is used again.</returns>
    public ReadOnlySpan<byte> Item(ResourceRequest request, ProtobufEncoder encoder, CachedObject item) => encoder.Encode(one, Served(request, item));

    public override void WriteEvent(ResourceRequest request, IBufferWriter<byte> output, string type, CachedObject item)
    {
        if (request.Server.Encodings.Find(this, item) is { } shared)
        {
            ProtobufWatch.WriteEvent(output, type, shared);
            return;
        }

        using ProtobufEncoder encoder = ProtobufEncoder.Take();
        ReadOnlySpan<byte> encoded = encoder.EncodeWhole(one, Served(request, item));
        ProtobufWatch.WriteEvent(output, type, encoded);
        request.Server.Encodings.Keep(this, item, encoded);
    }

    public override void WriteBookmark(ResourceRequest request, IBufferWriter<byte> output, JsonObject metadata) =>
        ProtobufWatch.WriteEvent(output, "BOOKMARK", Enveloped(one, ObjectEncoding.Write(new JsonObject { ["metadata"] = metadata })).Span);

    public override void WriteError(IBufferWriter<byte> output, Status status) =>
        ProtobufWatch.WriteEvent(output, "ERROR", Enveloped(StatusKind, ObjectEncoding.Write(status)).Span);

    private static ReadOnlyMemory<byte> Enveloped(ProtobufKind kind, ReadOnlyMemory<byte> json)
    {
        using ProtobufEncoder encoder = ProtobufEncoder.Take();
        return encoder.EncodeWhole(kind, json).ToArray();
    }

    private static ProtobufKind Require(GroupVersionKind kind) => ProtobufKind.Find(kind) ?? throw new InvalidOperationException($"{kind} has no binary form");

    private ReadOnlyMemory<byte> Served(ResourceRequest request, CachedObject item) => isMetadata ? item.Json : ServedObject.Json(request.Resource, item.Json);
}
