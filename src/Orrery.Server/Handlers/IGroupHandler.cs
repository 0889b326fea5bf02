using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Discovery;

namespace Orrery.Server.Handlers;

/// <summary>Serves an API group whose objects are stored nowhere, such as <c>metrics.k8s.io</c>. Called after authorization.</summary>
public interface IGroupHandler
{
    /// <summary>The group as clients discover it; the verbs of its resources are the only ones that reach the handler. The same instance always.</summary>
    ApiGroupSurface Surface { get; }

    /// <summary>Whether a cluster has the group now. Asked for its discovery and for each request.</summary>
    ValueTask<bool> IsServedAsync(ClusterName cluster, CancellationToken cancellationToken);

    /// <summary>Writes the whole answer.</summary>
    /// <exception cref="StatusException">Answered as a Status when nothing has been written yet.</exception>
    Task HandleAsync(GroupRequest asked, HttpContext http, CancellationToken cancellationToken);
}

/// <summary>What a request for a group's resource asks.</summary>
/// <param name="User">Who asks.</param>
/// <param name="Verb">As RBAC has it.</param>
/// <param name="Namespace">Empty for a resource without namespaces, and for a list over all of them.</param>
/// <param name="Name">Empty for a list.</param>
public sealed record GroupRequest(ClusterName Cluster, UserInfo User, string Verb, GroupVersionResource Resource, string Namespace, string Name)
{
    /// <summary>As the client wrote it; empty selects all.</summary>
    public string LabelSelector { get; init; } = "";

    /// <summary>As the client wrote it; empty selects all.</summary>
    public string FieldSelector { get; init; } = "";
}
