using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>PUT to <c>namespaces/{name}/finalize</c>: changes spec.finalizers and nothing else.</summary>
internal static class FinalizeHandler
{
    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        WriteOptions options = request.WriteOptions("UpdateOptions");
        JsonObject sent = await CreateHandler.ReadObjectAsync(request, options, cancellationToken);
        UpdateHandler.CheckPlace(request, sent);
        WriteResult result = await request.Server.Update.UpdateAsync(
            request.Scope(options) with { Namespace = "" },
            new ObjectChange
            {
                Wanted = current =>
                {
                    current.Metadata["resourceVersion"] = sent.Metadata["resourceVersion"]?.DeepClone();
                    JsonObject spec = current.ObjectAt("spec");
                    spec.Remove("finalizers");
                    if (sent["spec"] is JsonObject wanted && wanted["finalizers"] is JsonArray { Count: > 0 } finalizers)
                    {
                        spec["finalizers"] = finalizers.DeepClone();
                    }

                    return current;
                },
            },
            cancellationToken);
        await ObjectResponse.WriteAsync(request, 200, result.Json, cancellationToken);
    }
}
