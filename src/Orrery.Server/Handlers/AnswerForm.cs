using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Server.Cache;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>The form in which a client wants objects: as they are, their metadata alone, or rows of a table.</summary>
internal abstract class AnswerForm
{
    /// <exception cref="Api.StatusException">406: the client accepts nothing that can be made; 400: a bad includeObject.</exception>
    public static AnswerForm Read(ResourceRequest request)
    {
        AnswerFormat format = Negotiation.Answer(request.Http.Request.Headers.Accept);
        bool isCollection = request.Info.Verb is "list" or "deletecollection";
        return format.Shape switch
        {
            AnswerShape.Table => new TableForm(request, format.ShapeVersion),
            AnswerShape.Metadata when !isCollection => new MetadataForm(format.ShapeVersion),
            AnswerShape.MetadataList when isCollection => new MetadataForm(format.ShapeVersion),
            AnswerShape.Object => ObjectForm.Instance,
            _ => throw Negotiation.NotAcceptable(isCollection
                ? $"you requested PartialObjectMetadata, but the requested object is a list ({GoType(request.Resource)}List)"
                : $"you requested PartialObjectMetadataList, but the requested object is not a list ({GoType(request.Resource)})"),
        };
    }

    /// <summary>The type that upstream holds an object of the resource in.</summary>
    private static string GoType(ResourceDefinition resource) => resource.IsCustom
        ? "*unstructured.Unstructured"
        : $"*{(resource.Kind.Group.Length == 0 ? "core" : resource.Kind.Group.Split('.')[0])}.{resource.Kind.Kind}";

    /// <summary>One object as a whole answer.</summary>
    /// <param name="json">As stored, resourceVersion included.</param>
    public abstract ReadOnlyMemory<byte> Render(ResourceRequest request, ReadOnlyMemory<byte> json);

    public abstract void WriteEventObject(ResourceRequest request, IBufferWriter<byte> output, CachedObject item);

    /// <summary>The object of a bookmark.</summary>
    public abstract JsonObject Bookmark(ResourceRequest request, JsonObject metadata);

    public virtual async ValueTask WriteListAsync(ResourceRequest request, PipeWriter output, ListHead head, IReadOnlyList<CachedObject> items, CancellationToken cancellationToken)
    {
        using var chunk = new AnswerChunk(output, HttpProtocol.IsHttp2(request.Http.Request.Protocol), Expected(items));
        Open(request, chunk, head);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                chunk.Write(","u8);
            }

            WriteItem(request, chunk, items[i], i == 0);
            if (chunk.IsFull)
            {
                await chunk.FlushAsync(cancellationToken);
            }
        }

        chunk.Write("]}"u8);
        await chunk.FlushAsync(cancellationToken);
    }

    /// <summary>About the bytes of a list. Of many objects the first tell enough.</summary>
    private static long Expected(IReadOnlyList<CachedObject> items)
    {
        const int Asked = 32, Head = 256;
        long bytes = Head;
        for (int i = 0; i < Math.Min(items.Count, Asked); i++)
        {
            bytes += items[i].Length;
        }

        return items.Count <= Asked ? bytes : bytes / Asked * items.Count;
    }

    /// <summary>Everything up to the first item.</summary>
    protected abstract void Open(ResourceRequest request, IBufferWriter<byte> output, ListHead head);

    protected abstract void WriteItem(ResourceRequest request, IBufferWriter<byte> output, CachedObject item, bool isFirst);

    protected static void WriteHead(IBufferWriter<byte> output, string apiVersion, string kind, ListHead head, bool writesEmptyContinue)
    {
        var metadata = new JsonObject();
        if (head.Continue.Length > 0 || writesEmptyContinue)
        {
            metadata["continue"] = head.Continue;
        }

        if (head.Revision.Length > 0)
        {
            metadata["resourceVersion"] = head.Revision;
        }

        if (head.Remaining is { } remaining)
        {
            metadata["remainingItemCount"] = remaining;
        }

        Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind}\",\"apiVersion\":\"{apiVersion}\",\"metadata\":", output);
        output.Write(ObjectEncoding.Write(metadata));
    }
}

/// <summary>Objects as they are.</summary>
internal sealed class ObjectForm : AnswerForm
{
    public static readonly ObjectForm Instance = new();

    public override ReadOnlyMemory<byte> Render(ResourceRequest request, ReadOnlyMemory<byte> json) => ServedObject.Json(request.Resource, json);

    public override void WriteEventObject(ResourceRequest request, IBufferWriter<byte> output, CachedObject item) =>
        ServedObject.Write(request.Resource, item, request.Cluster.IsAll, output);

    public override JsonObject Bookmark(ResourceRequest request, JsonObject metadata) => new()
    {
        ["kind"] = request.Resource.Kind.Kind,
        ["apiVersion"] = request.Resource.Kind.ApiVersion,
        ["metadata"] = metadata,
    };

    protected override void Open(ResourceRequest request, IBufferWriter<byte> output, ListHead head)
    {
        WriteHead(output, request.Resource.Kind.ApiVersion, request.Resource.ListKind, head, request.Resource.IsCustom);
        output.Write(",\"items\":["u8);
    }

    protected override void WriteItem(ResourceRequest request, IBufferWriter<byte> output, CachedObject item, bool isFirst) =>
        ServedObject.WriteItem(request.Resource, item, request.Cluster.IsAll, output);
}

/// <summary>PartialObjectMetadata.</summary>
/// <param name="version">Of meta.k8s.io: <c>v1</c> or <c>v1beta1</c>.</param>
internal sealed class MetadataForm(string version) : AnswerForm
{
    private readonly string apiVersion = "meta.k8s.io/" + version;

    public override ReadOnlyMemory<byte> Render(ResourceRequest request, ReadOnlyMemory<byte> json)
    {
        var buffer = new ArrayBufferWriter<byte>();
        Write(buffer, json);
        return buffer.WrittenMemory;
    }

    public override void WriteEventObject(ResourceRequest request, IBufferWriter<byte> output, CachedObject item) =>
        Write(output, request.Cluster.IsAll ? item.JsonWithClusterName() : item.Json);

    public override JsonObject Bookmark(ResourceRequest request, JsonObject metadata) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = apiVersion,
        ["metadata"] = metadata,
    };

    protected override void Open(ResourceRequest request, IBufferWriter<byte> output, ListHead head)
    {
        WriteHead(output, apiVersion, "PartialObjectMetadataList", head, writesEmptyContinue: false);
        output.Write(",\"items\":["u8);
    }

    protected override void WriteItem(ResourceRequest request, IBufferWriter<byte> output, CachedObject item, bool isFirst) =>
        WriteEventObject(request, output, item);

    private void Write(IBufferWriter<byte> output, ReadOnlyMemory<byte> json)
    {
        Encoding.UTF8.GetBytes($"{{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"{apiVersion}\",\"metadata\":", output);
        output.Write(ServedObject.Metadata(json).Span);
        output.Write("}"u8);
    }
}
