using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>Answers in JSON. An event is <c>{"type":…,"object":…}</c> and a line feed.</summary>
internal abstract class JsonForm : AnswerForm
{
    public sealed override string ContentType => "application/json";

    public sealed override string WatchContentType => "application/json";

    public sealed override ListBody List(ResourceRequest request, ListHead head, IReadOnlyList<CachedObject> items) => new JsonList(this, request, head, items);

    public sealed override void WriteEvent(ResourceRequest request, IBufferWriter<byte> output, string type, CachedObject item)
    {
        OpenEvent(output, type);
        WriteEventObject(request, output, item);
        CloseEvent(output);
    }

    public sealed override void WriteBookmark(ResourceRequest request, IBufferWriter<byte> output, JsonObject metadata)
    {
        OpenEvent(output, "BOOKMARK");
        output.Write(ObjectEncoding.Write(Bookmark(request, metadata)));
        CloseEvent(output);
    }

    public sealed override void WriteError(IBufferWriter<byte> output, Status status)
    {
        OpenEvent(output, "ERROR");
        output.Write(ObjectEncoding.Write(status));
        CloseEvent(output);
    }

    protected abstract void WriteEventObject(ResourceRequest request, IBufferWriter<byte> output, CachedObject item);

    /// <summary>The object of a bookmark.</summary>
    protected abstract JsonObject Bookmark(ResourceRequest request, JsonObject metadata);

    protected virtual async ValueTask WriteListAsync(ResourceRequest request, PipeWriter output, ListHead head, IReadOnlyList<CachedObject> items, CancellationToken cancellationToken)
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
        Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind}\",\"apiVersion\":\"{apiVersion}\",\"metadata\":", output);
        output.Write(ObjectEncoding.Write(head.ToJson(writesEmptyContinue)));
    }

    private static void OpenEvent(IBufferWriter<byte> output, string type)
    {
        output.Write("{\"type\":\""u8);
        Encoding.UTF8.GetBytes(type, output);
        output.Write("\",\"object\":"u8);
    }

    private static void CloseEvent(IBufferWriter<byte> output) => output.Write("}\n"u8);

    private sealed class JsonList(JsonForm form, ResourceRequest request, ListHead head, IReadOnlyList<CachedObject> items) : ListBody
    {
        public override long Length => items.Sum(i => (long)i.Length);

        public override ValueTask WriteAsync(PipeWriter output, CancellationToken cancellationToken) => form.WriteListAsync(request, output, head, items, cancellationToken);
    }
}

/// <summary>Objects as they are.</summary>
internal sealed class ObjectForm : JsonForm
{
    public static readonly ObjectForm Instance = new();

    public override ReadOnlyMemory<byte> Render(ResourceRequest request, ReadOnlyMemory<byte> json) => ServedObject.Json(request.Resource, json);

    protected override void WriteEventObject(ResourceRequest request, IBufferWriter<byte> output, CachedObject item) =>
        ServedObject.Write(request.Resource, item, request.Cluster.IsAll, output);

    protected override JsonObject Bookmark(ResourceRequest request, JsonObject metadata) => new()
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
internal sealed class MetadataForm(string version) : JsonForm
{
    private readonly string apiVersion = "meta.k8s.io/" + version;

    public override ReadOnlyMemory<byte> Render(ResourceRequest request, ReadOnlyMemory<byte> json)
    {
        var buffer = new ArrayBufferWriter<byte>();
        Write(buffer, json);
        return buffer.WrittenMemory;
    }

    protected override void WriteEventObject(ResourceRequest request, IBufferWriter<byte> output, CachedObject item) =>
        Write(output, request.Cluster.IsAll ? item.JsonWithClusterName() : item.Json);

    protected override JsonObject Bookmark(ResourceRequest request, JsonObject metadata) => new()
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
