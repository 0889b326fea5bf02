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

    public bool ServesWithinConnection => IsStream;

    private bool IsStream => subresource != "log";

    public Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        (string dataPlane, string pod) = PlaceOf(target);
        if (!IsStream && target.Verb != "get")
        {
            throw ApiErrors.MethodNotAllowed();
        }

        PassedStream? stream = IsStream ? PassedStream.Of(http) ?? throw ApiErrors.BadRequest("Upgrade request required") : null;

        string path = $"{target.Cluster.PathPrefix}/api/v1/namespaces/{target.Object.Namespace}/pods/{pod}/{subresource}{http.Request.QueryString.Value}";
        bool isFollowed = !IsStream && RequestQuery.Parse((http.Request.QueryString.Value ?? "").TrimStart('?')).Flag("follow");
        return hub.AskAsync(TunnelRequest.Of(target, dataPlane, path, $"pod \"{pod}\" runs in") with { Stream = stream, IsPatient = isFollowed }, http, cancellationToken);
    }

    /// <summary>The data plane that is asked, and the name under which the pod is mirrored from there.</summary>
    /// <exception cref="StatusException">The pod runs nowhere.</exception>
    internal static PodPlace PlaceOf(SubresourceTarget target)
    {
        if (target.Cluster.IsRoot)
        {
            throw ApiErrors.NotImplemented("pods of the root cluster run nowhere; ask in a virtual cluster");
        }

        return PodPlace.Of(target.Object) ?? throw ApiErrors.BadRequest($"pod \"{target.Object.Name}\" runs in no data plane");
    }
}
