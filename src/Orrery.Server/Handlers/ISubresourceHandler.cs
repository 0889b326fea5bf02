using Microsoft.AspNetCore.Http;
using Orrery.Api;

namespace Orrery.Server.Handlers;

/// <summary>Serves a subresource that is no part of the object, such as <c>pods/log</c>. Called after authorization, and only when the object exists.</summary>
public interface ISubresourceHandler
{
    GroupResource Resource { get; }

    /// <summary>Name after the object's name in the path, such as <c>log</c>.</summary>
    string Subresource { get; }

    /// <summary>Writes the whole answer.</summary>
    /// <param name="target">The object as it is stored.</param>
    /// <exception cref="StatusException">Answered as a Status when nothing has been written yet.</exception>
    Task HandleAsync(ClusterName cluster, KubeObject target, HttpContext http, CancellationToken cancellationToken);
}
