using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>DELETE of one object.</summary>
internal static class DeleteHandler
{
    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        DeleteOptions options = await ReadOptionsAsync(request, cancellationToken);
        WriteScope scope = Scope(request, request.Name, options);
        WriteResult result = await request.Server.Deletion.DeleteAsync(scope, options, cancellationToken);
        if (!result.Deleted || request.Resource.Strategy.ReturnDeletedObject)
        {
            await ObjectResponse.WriteAsync(request, 200, result.Json, cancellationToken);
            return;
        }

        var deleted = KubeObject.Parse(result.Json.Span);
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["details"] = Details(request.Resource.GroupResource, deleted),
        };
        await ObjectResponse.WriteJsonAsync(request.Http, 200, status, cancellationToken);
    }

    public static async ValueTask<DeleteOptions> ReadOptionsAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> body = await RequestBody.ReadJsonAsync(request.Http.Request, "DeleteOptions", cancellationToken);
        JsonObject? json = null;
        if (body.Length > 0)
        {
            try
            {
                json = JsonBody.Parse(body.Span) as JsonObject ?? throw new FormatException("not an object");
            }
            catch (FormatException fault)
            {
                throw ApiErrors.BadRequest($"couldn't get version/kind; json parse error: {fault.Message}");
            }
        }

        return DeleteOptions.Read(request.Query, json);
    }

    public static WriteScope Scope(ResourceRequest request, string name, DeleteOptions options) => new()
    {
        Resource = request.Resource,
        Cluster = request.Cluster,
        Namespace = request.Namespace,
        Name = name,
        User = request.User,
        FieldManager = "",
        DryRun = options.DryRun,
        Options = _ => options.ToJson(),
        Notes = new ResponseNotes(request.Http),
    };

    private static JsonObject Details(GroupResource resource, KubeObject deleted)
    {
        var details = new JsonObject { ["name"] = deleted.Name };
        if (resource.Group.Length > 0)
        {
            details["group"] = resource.Group;
        }

        details["kind"] = resource.Resource;
        details["uid"] = deleted.Uid;
        return details;
    }
}
