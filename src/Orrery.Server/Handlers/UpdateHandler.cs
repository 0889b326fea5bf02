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
        JsonObject json = await CreateHandler.ReadObjectAsync(request, options, cancellationToken);
        CheckPlace(request, json);
        IReadOnlyList<string> warnings = [];
        WriteResult result = await request.Server.Update.UpdateAsync(
            request.Scope(options),
            new ObjectChange
            {
                Wanted = current =>
                {
                    warnings = request.Resource.Strategy.Warn(json, current);
                    return (JsonObject)json.DeepClone();
                },
                Absent = request.Resource.Strategy.AllowCreateOnUpdate && request.Subresource.Length == 0 ? () => json : null,
            },
            cancellationToken);
        Warnings.Add(request.Http.Response, warnings);
        await ObjectResponse.WriteAsync(request, result.Created ? 201 : 200, result.Json, cancellationToken);
    }

    /// <summary>The object is the one that the path names.</summary>
    public static void CheckPlace(ResourceRequest request, JsonObject json)
    {
        if (json.Name.Length == 0)
        {
            throw ApiErrors.BadRequest($"the name of the object ({request.Name} based on URL) was undeterminable: name must be provided");
        }

        if (json.Name != request.Name)
        {
            throw ApiErrors.BadRequest($"the name of the object ({json.Name}) does not match the name on the URL ({request.Name})");
        }

        if (json.Namespace.Length > 0 && json.Namespace != request.Namespace)
        {
            throw ApiErrors.BadRequest($"the namespace of the object ({json.Namespace}) does not match the namespace on the request ({request.Namespace})");
        }
    }
}
