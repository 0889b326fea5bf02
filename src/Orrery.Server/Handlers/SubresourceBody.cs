using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Server.Handlers;

/// <summary>Bodies of subresources that are kinds of their own: bindings, evictions.</summary>
internal static class SubresourceBody
{
    /// <exception cref="StatusException">400: no such object.</exception>
    public static JsonObject Parse(GroupVersionKind kind, ReadOnlyMemory<byte> body)
    {
        JsonObject json = ObjectDecoding.Parse(body.Span, kind.Kind);
        if (json.Kind is not "" && json.Kind != kind.Kind)
        {
            throw DecodingFaults.CannotBeHandled(json.GroupVersionKind, kind.Kind, "unknown conversion");
        }

        return json;
    }

    public static Task WriteSuccessAsync(ResourceRequest request, CancellationToken cancellationToken) =>
        ObjectResponse.WriteJsonAsync(
            request.Http, 201,
            new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201 },
            cancellationToken);
}
