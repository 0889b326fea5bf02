using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Authentication;

namespace Orrery.Server.Handlers;

/// <summary>Serves a subresource that is no part of the object, such as <c>pods/log</c>. Called after authorization, and only when the object exists.</summary>
public interface ISubresourceHandler
{
    GroupResource Resource { get; }

    /// <summary>Name after the object's name in the path, such as <c>log</c>.</summary>
    string Subresource { get; }

    /// <summary>Whether it also serves a WebSocket within an HTTP/2 connection (<see cref="WebSocketUpgrade.IsWithinConnection"/>), as which it then gets its GET.</summary>
    bool ServesWithinConnection => false;

    /// <summary>Writes the whole answer.</summary>
    /// <exception cref="StatusException">Answered as a Status when nothing has been written yet.</exception>
    Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken);
}

/// <summary>What a request for a subresource is about.</summary>
/// <param name="User">Who asks.</param>
/// <param name="Verb">As RBAC has it: <c>get</c> for a GET, <c>create</c> for a POST.</param>
/// <param name="Object">As it is stored.</param>
public sealed record SubresourceTarget(ClusterName Cluster, UserInfo User, string Verb, KubeObject Object)
{
    /// <summary>Which end of the object a proxy goes to; <see cref="ProxyName.Port"/> is empty where none was named.</summary>
    public ProxyName Proxy { get; init; } = new("", "", "");

    /// <summary>Objects of a resource in the object's own namespace, as they are now; none of one that is not served.</summary>
    public Func<GroupVersionResource, IReadOnlyList<KubeObject>> Beside { get; init; } = static _ => [];

    /// <summary>What follows the subresource in the path, as the client wrote it: empty, or with its slash in front. Without the query.</summary>
    public string Tail { get; init; } = "";
}
