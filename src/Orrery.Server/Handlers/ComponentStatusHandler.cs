using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Registry;
using Orrery.Storage;

namespace Orrery.Server.Handlers;

/// <summary>
/// The deprecated <c>componentstatuses</c>: what of a control plane is healthy, computed when it is asked for. Here one process is the API server and
/// the controllers, and an answer shows that both it and the store live. There is no scheduler to tell of: pods are scheduled in data planes.
/// </summary>
internal static class ComponentStatusHandler
{
    private static readonly string[] Components = ["controller-manager", "etcd-0"];

    public static Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        Warnings.Add(request.Http.Response, ["v1 ComponentStatus is deprecated in v1.19+"]);
        switch (request.Info.Verb)
        {
            case "get":
                string name = Components.FirstOrDefault(c => c == request.Name) ?? throw ApiErrors.NotFound(request.Resource.GroupResource, request.Name);
                return ObjectResponse.WriteAsync(request, 200, ObjectEncoding.Encode(Status(name)), cancellationToken);
            case "list":
                ListOptions options = ListOptions.Read(request.Query, watch: false);
                Selection selection = Selection.Read(options, request.Resource);
                CachedObject[] items = [.. Components
                    .Select(c => CachedObject.From(new StoredValue(request.Resource.KeyOf(request.Cluster, "", c), ObjectEncoding.Encode(Status(c)), 0, 0))!)
                    .Where(selection.Matches)];
                return ObjectResponse.WriteListAsync(request, AnswerForm.Read(request), new ListHead("", "", null), items, cancellationToken);
            default:
                throw ApiErrors.MethodNotAllowed();
        }
    }

    private static JsonObject Status(string name) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ComponentStatus",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Healthy", ["status"] = "True", ["message"] = "ok" }),
    };
}
