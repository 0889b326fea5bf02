using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>Writes answers of one object or Status.</summary>
internal static class ObjectResponse
{
    private const string Json = "application/json";

    /// <param name="json">As it is stored or cached, resourceVersion included.</param>
    public static async Task WriteAsync(ResourceRequest request, int code, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> body = AnswerForm.Read(request).Render(request, json);
        await WriteBytesAsync(request.Http, code, Json, body, cancellationToken);
    }

    public static Task WriteJsonAsync(HttpContext http, int code, JsonNode json, CancellationToken cancellationToken) =>
        WriteBytesAsync(http, code, Json, ObjectEncoding.Write(json), cancellationToken);

    public static async Task WriteBytesAsync(HttpContext http, int code, string contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        HttpResponse response = http.Response;
        response.StatusCode = code;
        response.ContentType = contentType;
        response.Headers.CacheControl = "no-cache, private";
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await response.BodyWriter.WriteAsync(body, cancellationToken);
        }
    }
}
