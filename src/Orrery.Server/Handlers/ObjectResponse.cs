using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Machinery.Wire;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>Writes answers of one object or Status, and lists.</summary>
internal static class ObjectResponse
{
    public const string Json = "application/json";

    /// <param name="json">As it is stored or cached, resourceVersion included.</param>
    public static async Task WriteAsync(ResourceRequest request, int code, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        json = await request.Server.Versions.ServeAsync(request.Resource, request.Cluster, json, cancellationToken);
        AnswerForm form = AnswerForm.Read(request);
        await WriteBytesAsync(request.Http, code, form.ContentType, form.Render(request, json), cancellationToken);
    }

    /// <summary>What is made for the answer and kept nowhere.</summary>
    /// <param name="json">Of a kind that has a binary form, if that is wanted.</param>
    /// <param name="isProtobuf">As was negotiated.</param>
    public static Task WriteJsonAsync(HttpContext http, int code, JsonObject json, bool isProtobuf, CancellationToken cancellationToken) =>
        isProtobuf
            ? WriteBytesAsync(http, code, KubernetesProtobuf.MediaType, ProtobufForm.Encode(json), cancellationToken)
            : WriteBytesAsync(http, code, Json, ObjectEncoding.Write(json), cancellationToken);

    /// <param name="isProtobuf">As was negotiated.</param>
    public static Task WriteStatusAsync(HttpContext http, Status status, bool isProtobuf, CancellationToken cancellationToken) =>
        isProtobuf
            ? WriteBytesAsync(http, status.Code, KubernetesProtobuf.MediaType, ProtobufForm.Encode(status.ToJson()), cancellationToken)
            : WriteBytesAsync(http, status.Code, Json, ObjectEncoding.Write(status), cancellationToken);

    public static async Task WriteBytesAsync(HttpContext http, int code, string contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        HttpResponse response = http.Response;
        if (contentType == Json && !AnswerText.IsPlain(http.Request))
        {
            (body, contentType) = AnswerText.Render(http.Request, body);
        }

        response.StatusCode = code;
        response.ContentType = contentType;
        if (AnswerText.IsCompressed(http.Request, body.Length))
        {
            response.Headers.ContentEncoding = "gzip";
            response.Headers.Append("Vary", "Accept-Encoding");
            await using Stream compressed = AnswerText.Compress(response.Body);
            await compressed.WriteAsync(body, cancellationToken);
            return;
        }

        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await response.BodyWriter.WriteAsync(body, cancellationToken);
        }
    }

    /// <summary>A list, from its items' own bytes wherever the client takes them so.</summary>
    public static async Task WriteListAsync(ResourceRequest request, AnswerForm form, ListHead head, IReadOnlyList<CachedObject> items, CancellationToken cancellationToken)
    {
        items = await request.Server.Versions.ServeAsync(request.Resource, items, cancellationToken);
        HttpResponse response = request.Http.Response;
        using ListBody list = form.List(request, head, items);
        await list.PrepareAsync(cancellationToken);
        if (form is JsonForm && !AnswerText.IsPlain(request.Http.Request))
        {
            using var whole = new MemoryStream();
            PipeWriter buffer = PipeWriter.Create(whole, new StreamPipeWriterOptions(leaveOpen: true));
            await list.WriteAsync(buffer, cancellationToken);
            await buffer.CompleteAsync();
            await WriteBytesAsync(request.Http, 200, Json, whole.GetBuffer().AsMemory(0, (int)whole.Length), cancellationToken);
            return;
        }

        response.StatusCode = 200;
        response.ContentType = form.ContentType;
        if (AnswerText.TakesGzip(request.Http.Request) && AnswerText.IsCompressed(request.Http.Request, list.Length))
        {
            response.Headers.ContentEncoding = "gzip";
            response.Headers.Append("Vary", "Accept-Encoding");
            await using Stream compressed = AnswerText.Compress(response.Body);
            PipeWriter into = PipeWriter.Create(compressed, new StreamPipeWriterOptions(leaveOpen: true));
            await list.WriteAsync(into, cancellationToken);
            await into.CompleteAsync();
            return;
        }

        await list.WriteAsync(response.BodyWriter, cancellationToken);
        await response.BodyWriter.FlushAsync(cancellationToken);
    }
}
