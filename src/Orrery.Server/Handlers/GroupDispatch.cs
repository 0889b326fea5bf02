using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Discovery;
using Orrery.Server.Fairness;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>Requests for a group that a part beside the server offers, where the cluster defines none of that name itself.</summary>
internal static class GroupDispatch
{
    /// <returns>False, and nothing written, when nobody offers it.</returns>
    public static async Task<bool> TryHandleAsync(ServerState server, HttpContext http, RequestInfo info, UserInfo user, Seat seat, CancellationToken cancellationToken)
    {
        // 1. Who offers it, and whether the path fits.
        if (info.Cluster.IsAll || info.Subresource.Length > 0
            || server.Groups.Find(info.Group) is not { } handler
            || handler.Surface.Versions.FirstOrDefault(v => v.Version == info.Version)?.Resources.FirstOrDefault(r => r.Name == info.Resource) is not { } resource
            || (resource.Namespaced ? info.IsNameInPath && info.Namespace.Length == 0 : info.Namespace.Length > 0)
            || server.Resources.For(info.Cluster).Find(info.Group) is not null
            || !await handler.IsServedAsync(info.Cluster, cancellationToken))
        {
            return false;
        }

        if (!resource.Verbs.Contains(info.Verb))
        {
            throw ApiErrors.MethodNotAllowed();
        }

        // 2. It may ask far away: its share of this server is for others meanwhile.
        seat.Dispose();
        var asked = new GroupRequest(info.Cluster, user, info.Verb, info.GroupVersionResource, info.Namespace, info.IsNameInPath ? info.Name : "")
        {
            LabelSelector = info.Query["labelSelector"] ?? "",
            FieldSelector = info.Query["fieldSelector"] ?? "",
        };
        await handler.HandleAsync(asked, http, cancellationToken);
        return true;
    }
}
