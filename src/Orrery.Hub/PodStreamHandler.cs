using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Handlers;
using Orrery.Server.Requests;

namespace Orrery.Hub;

/// <summary>
/// Logs of a pod in a virtual cluster, and streams into it: asked of the satellite of the data plane in which it runs, in the words of the virtual
/// cluster. The satellite finds the pod by its own marks, so that nothing that a tenant writes can lead to a pod of another.
/// </summary>
internal sealed class PodStreamHandler(TunnelHub hub, string subresource) : ISubresourceHandler
{
    public GroupResource Resource => new("", "pods");

    public string Subresource => subresource;

    private bool IsStream => subresource != "log";

    public Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        (string dataPlane, string pod) = PlaceOf(target);
        if (!IsStream && target.Verb != "get")
        {
            throw ApiErrors.MethodNotAllowed();
        }

        if (IsStream && !TunnelExchange.IsUpgrade(http))
        {
            throw ApiErrors.BadRequest("Upgrade request required");
        }

        string path = $"{target.Cluster.PathPrefix}/api/v1/namespaces/{target.Object.Namespace}/pods/{pod}/{subresource}{http.Request.QueryString.Value}";
        bool isFollowed = !IsStream && RequestQuery.Parse((http.Request.QueryString.Value ?? "").TrimStart('?')).Flag("follow");
        return hub.AskAsync(TunnelRequest.Of(target, dataPlane, path, $"pod \"{pod}\" runs in") with { IsStream = IsStream, IsPatient = isFollowed }, http, cancellationToken);
    }

    /// <summary>The data plane that is asked, and the name under which the pod is mirrored from there.</summary>
    /// <exception cref="StatusException">The pod runs nowhere, or in several places.</exception>
    internal static (string DataPlane, string Pod) PlaceOf(SubresourceTarget target)
    {
        string name = target.Object.Name;
        if (target.Cluster.IsRoot)
        {
            throw ApiErrors.NotImplemented("pods of the root cluster run nowhere; ask in a virtual cluster");
        }

        if (target.Object.Labels.TryGetValue(OrreryNames.DataPlaneLabel, out string? dataPlane))
        {
            return (dataPlane, name);
        }

        // One that is placed itself stands for one pod in each data plane.
        string[] places = target.Object.Annotations.GetValueOrDefault(OrreryNames.RunsInAnnotation, "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        return places switch
        {
            [var only] => (only, MirroredName.Of(name, only)),
            [] => throw ApiErrors.BadRequest($"pod \"{name}\" runs in no data plane"),
            _ => throw ApiErrors.BadRequest($"pod \"{name}\" runs in several data planes; ask for one of: {string.Join(", ", places.Select(p => MirroredName.Of(name, p)))}"),
        };
    }
}
