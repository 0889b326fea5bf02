using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>PUT of an object or of its status.</summary>
internal static class UpdateHandler
{
    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        WriteOptions options = request.WriteOptions("UpdateOptions");
        JsonObject json = await ReadAsync(request, options, cancellationToken);
        CheckPlace(request, json);
        WriteResult result = await request.Server.Update.TryUpdateAsync(
            request.Scope(options),
            new ObjectChange
            {
                Wanted = _ => (JsonObject)json.DeepClone(),
                Absent = request.Resource.Strategy.AllowCreateOnUpdate && request.Subresource.Length == 0 ? request.Creating(() => (JsonObject)json.DeepClone()) : null,
            },
            cancellationToken);
        if (result.Refusal is { } refusal)
        {
            await Refusals.AnswerAsync(request.Server, request.Http, request.Info, refusal.Status, cancellationToken);
            return;
        }

        await ObjectResponse.WriteAsync(request, result.Created ? 201 : 200, result.Json, cancellationToken);
    }

    private static async ValueTask<JsonObject> ReadAsync(ResourceRequest request, WriteOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await CreateHandler.ReadObjectAsync(request, options, cancellationToken);
        }
        catch (StatusException fault) when (fault.Code == 422 && request.Server.Objects.Find(request.Resource, request.Cluster, request.Namespace, request.Name) is null)
        {
            // Of what a custom resource's body says it is, upstream judges last.
            throw ApiErrors.NotFound(request.Resource.GroupResource, request.Name);
        }
    }

    /// <summary>The object is the one that the path names.</summary>
    public static void CheckPlace(ResourceRequest request, JsonObject json)
    {
        if (request.Resource.Namespaced && json.Namespace.Length > 0 && json.Namespace != request.Namespace)
        {
            throw ApiErrors.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        }

        if (json.Name.Length == 0)
        {
            throw ApiErrors.BadRequest($"the name of the object ({request.Name} based on URL) was undeterminable: name must be provided");
        }

        if (json.Name != request.Name)
        {
            throw ApiErrors.BadRequest($"the name of the object ({json.Name}) does not match the name on the URL ({request.Name})");
        }
    }
}
