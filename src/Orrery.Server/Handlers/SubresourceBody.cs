using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Server.Admission;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>Bodies of subresources that are kinds of their own: bindings, evictions.</summary>
internal static class SubresourceBody
{
    /// <summary>Reads the body of the request as an object of its kind.</summary>
    /// <exception cref="StatusException">400: no such object.</exception>
    public static async ValueTask<JsonObject> ReadAsync(ResourceRequest request, WriteOptions options, GroupVersionKind kind, CancellationToken cancellationToken)
    {
        var repeated = new List<string>();
        ReadOnlyMemory<byte> body = await RequestBody.ReadJsonAsync(request.Http.Request, kind.Kind, cancellationToken, repeated);
        JsonObject json = ObjectDecoding.Parse(body.Span, kind.Kind);
        if (json.Kind is not "" && json.Kind != kind.Kind)
        {
            throw DecodingFaults.CannotBeHandled(json.GroupVersionKind, kind.Kind, "unknown conversion");
        }

        CreateHandler.Heed(request, options, kind, repeated, ObjectDecoding.Builtin(json, body.Span, kind, TypeOf(kind)));
        return json;
    }

    public static Schema TypeOf(GroupVersionKind kind) => BuiltinTypes.Instance.Find(kind) ?? throw new InvalidOperationException($"no type is known for {kind}");

    /// <summary>The body is about the object that the path names, by its name too.</summary>
    /// <exception cref="StatusException">400: it is not.</exception>
    public static void RequirePlace(ResourceRequest request, GroupVersionKind kind, JsonObject body)
    {
        if (body.Namespace.Length > 0 && body.Namespace != request.Namespace)
        {
            throw ApiErrors.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        }

        if (body.Name != request.Name)
        {
            throw ApiErrors.BadRequest($"name in URL does not match name in {kind.Kind} object");
        }
    }

    /// <summary>Such a body is created, and the object that it is about changed after it.</summary>
    /// <exception cref="StatusException">Refused.</exception>
    public static async ValueTask<JsonObject> AdmitAsync(ResourceRequest request, WriteScope scope, GroupVersionKind kind, JsonObject body, CancellationToken cancellationToken)
    {
        body["apiVersion"] ??= kind.ApiVersion;
        body["kind"] ??= kind.Kind;
        AdmissionRequest asked = (scope with { Subresource = request.Subresource }).Admission(AdmissionOperation.Create, request.Name.Length > 0 ? request.Name : body.Name, body, null, kind);
        await request.Server.Admission.AdmitAsync(asked, cancellationToken);
        return asked.Object!;
    }

    public static Task WriteSuccessAsync(ResourceRequest request, CancellationToken cancellationToken) =>
        ObjectResponse.WriteJsonAsync(
            request.Http, 201,
            new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201 },
            Negotiation.WantsProtobuf(request.Http.Request.Headers.Accept), cancellationToken);
}
