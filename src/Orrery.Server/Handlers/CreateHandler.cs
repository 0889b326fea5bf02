using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>POST of an object.</summary>
internal static class CreateHandler
{
    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        WriteOptions options = request.WriteOptions("CreateOptions");
        if (request.Resource.Namespaced && request.Namespace.Length == 0)
        {
            throw ApiErrors.BadRequest("an empty namespace may not be set during creation");
        }

        JsonObject json = await ReadObjectAsync(request, options, cancellationToken);
        WriteResult result = await request.Server.Creation.CreateAsync(request.Scope(options), json, isApplied: false, cancellationToken);
        await ObjectResponse.WriteAsync(request, 201, result.Json, cancellationToken);
    }

    /// <summary>The body as a decoded object; its warnings go into the answer's headers.</summary>
    public static async ValueTask<JsonObject> ReadObjectAsync(ResourceRequest request, WriteOptions options, CancellationToken cancellationToken)
    {
        bool yaml = Negotiation.Body(request.Http.Request.ContentType) == BodyFormat.Yaml;
        ReadOnlyMemory<byte> body = await RequestBody.ReadAsync(request.Http.Request, cancellationToken);
        if (ObjectDecoder.Parse(body, yaml, request.Resource.Kind.Kind) is not JsonObject json)
        {
            throw ApiErrors.BadRequest($"the object provided is unrecognized (must be of type {request.Resource.Kind.Kind}): couldn't get version/kind; json parse error: not an object");
        }

        Warnings.Add(request.Http.Response, ObjectDecoder.Decode(request.Resource, json, yaml ? default : body.Span, options.FieldValidation));
        return json;
    }
}
