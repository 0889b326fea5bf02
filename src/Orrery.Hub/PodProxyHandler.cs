using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Handlers;

namespace Orrery.Hub;

/// <summary><c>…/pods/NAME:PORT/proxy/…</c> of a virtual cluster: HTTP to a pod, wherever it runs.</summary>
internal sealed class PodProxyHandler(TunnelHub hub) : ISubresourceHandler
{
    public GroupResource Resource => new("", "pods");

    public string Subresource => "proxy";

    public bool ServesWithinConnection => true;

    public Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        (string dataPlane, string pod) = PodStreamHandler.PlaceOf(target);
        return AskAsync(hub, target, dataPlane, target.Proxy with { Name = pod }, http, cancellationToken);
    }

    /// <param name="pod">Under the name that it is mirrored as, with its port.</param>
    internal static Task AskAsync(TunnelHub hub, SubresourceTarget target, string dataPlane, ProxyName pod, HttpContext http, CancellationToken cancellationToken)
    {
        string path = $"{target.Cluster.PathPrefix}/api/v1/namespaces/{target.Object.Namespace}/pods/{pod}/proxy{(target.Tail.Length == 0 ? "/" : target.Tail)}{http.Request.QueryString.Value}";
        var asked = TunnelRequest.Of(target, dataPlane, path, $"pod \"{pod.Name}\" runs in") with { IsProxy = true, IsPatient = true, Stream = PassedStream.Of(http) };
        return hub.AskAsync(asked, http, cancellationToken);
    }
}
