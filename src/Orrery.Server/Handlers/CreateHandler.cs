using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Schemas;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>POST of an object.</summary>
internal static class CreateHandler
{
    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        _ = Negotiation.Body(request.Http.Request.ContentType);
        WriteOptions options = request.WriteOptions("CreateOptions");
        if (request.Resource.Namespaced && request.Namespace.Length == 0)
        {
            throw ApiErrors.BadRequest("an empty namespace may not be set during creation");
        }

        JsonObject json = await ReadObjectAsync(request, options, cancellationToken);
        WriteResult result = await request.Server.Creation.CreateAsync(request.Scope(options), json, isApplied: false, cancellationToken);
        await ObjectResponse.WriteAsync(request, 201, result.Json, cancellationToken);
    }

    /// <summary>The body as a decoded and defaulted object; its warnings go into the answer's headers.</summary>
    public static async ValueTask<JsonObject> ReadObjectAsync(ResourceRequest request, WriteOptions options, CancellationToken cancellationToken)
    {
        ResourceDefinition resource = request.Resource;
        var repeated = new List<string>();
        ReadOnlyMemory<byte> body = await RequestBody.ReadJsonAsync(request.Http.Request, resource.Kind.Kind, cancellationToken, repeated);
        JsonObject json = ObjectDecoding.Parse(body.Span, resource.Kind.Kind);
        IReadOnlyList<string> faults = resource.Strategy.Decode(json, body.Span);
        Heed(request, options, resource.Kind, repeated, faults);
        resource.Strategy.Default(json);
        return json;
    }

    /// <summary>Refuses a body for what its type does not know or what it says twice, tells of that, or passes it over, as the request wants.</summary>
    /// <param name="repeated">Members that YAML gives twice.</param>
    /// <param name="faults">Of decoding.</param>
    /// <exception cref="StatusException">400.</exception>
    public static void Heed(ResourceRequest request, WriteOptions options, GroupVersionKind kind, List<string> repeated, IReadOnlyList<string> faults)
    {
        if (repeated.Count > 0)
        {
            faults = [YamlJson.RepetitionFault(repeated), .. faults];
        }

        if (faults.Count > 0 && options.FieldValidation == FieldValidation.Strict)
        {
            throw DecodingFaults.Strict(kind, kind.Kind, faults);
        }

        if (options.FieldValidation != FieldValidation.Ignore)
        {
            Warnings.Add(request.Http.Response, faults);
        }
    }
}
