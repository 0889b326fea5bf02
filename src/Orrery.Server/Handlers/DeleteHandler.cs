using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>DELETE of one object.</summary>
internal static class DeleteHandler
{
    private static readonly GroupVersionKind Options = new("", "v1", "DeleteOptions");
    private static readonly Lazy<Schema> OptionsSchema = new(() =>
        BuiltinTypes.Instance.FindByName("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions") ?? throw new InvalidOperationException("no type is known for DeleteOptions"));

    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        DeleteOptions options = await ReadOptionsAsync(request, cancellationToken);
        WriteScope scope = Scope(request, request.Name, options);
        WriteResult result = await request.Server.Deletion.DeleteAsync(scope, options, cancellationToken);
        if (!result.Deleted || request.Resource.Strategy.ReturnDeletedObject)
        {
            await ObjectResponse.WriteAsync(request, !result.Deleted && options.IsOldCascade ? 202 : 200, result.Json, cancellationToken);
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
        bool isProtobuf = Negotiation.Answer(request.Http.Request.Headers.Accept, request.Resource.IsCustom, request.Binary).IsProtobuf;
        await ObjectResponse.WriteJsonAsync(request.Http, 200, status, isProtobuf, cancellationToken);
    }

    public static async ValueTask<DeleteOptions> ReadOptionsAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> body = await RequestBody.ReadJsonAsync(request.Http.Request, "DeleteOptions", cancellationToken);
        JsonObject? json = null;
        if (body.Length > 0)
        {
            try
            {
                JsonNode? said = JsonBody.Parse(body.Span);
                json = said is null ? [] : said as JsonObject ?? throw new FormatException("not an object");
            }
            catch (FormatException fault)
            {
                throw ApiErrors.BadRequest($"couldn't get version/kind; json parse error: {fault.Message}");
            }
        }

        if (json is not null)
        {
            RequireTypes(json);
        }

        return ByKind(request, DeleteOptions.Read(request.Query, json));
    }

    /// <summary>Of these two kinds what they own stays where a client does not say: they are older than garbage collection (upstream <c>DefaultGarbageCollectionPolicy</c>).</summary>
    private static DeleteOptions ByKind(ResourceRequest request, DeleteOptions options)
    {
        bool isJob = request.Resource.GroupResource is { Group: "batch", Resource: "jobs" };
        if (options.PropagationPolicy is not null || !(isJob || request.Resource.GroupResource is { Group: "", Resource: "replicationcontrollers" }))
        {
            return options;
        }

        if (isJob)
        {
            Warnings.Add(
                request.Http.Response,
                ["child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"]);
        }

        return options with { OrphansUnlessSaid = true };
    }

    /// <summary>Every group has a DeleteOptions of its own name; no other kind will do, nor a member of a wrong type.</summary>
    private static void RequireTypes(JsonObject json)
    {
        var said = GroupVersionKind.From(json.ApiVersion.Length == 0 ? "v1" : json.ApiVersion, json.Kind.Length == 0 ? Options.Kind : json.Kind);
        if (said.Kind != Options.Kind)
        {
            throw ApiErrors.BadRequest($"no kind \"{said.Kind}\" is registered for version \"{said.ApiVersion}\" in scheme \"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27\"");
        }

        try
        {
            TypedDecoding.Apply((JsonObject)json.DeepClone(), OptionsSchema.Value, Options);
        }
        catch (StatusException refusal)
        {
            throw ApiErrors.BadRequest(refusal.InnerException?.Message ?? refusal.Status.Message);
        }
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
        Deadline = request.Deadline,
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
