using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Fairness;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>Finds the resource and the verb's handler.</summary>
internal static class ResourceDispatch
{
    public static Task HandleAsync(ServerState server, HttpContext http, RequestInfo info, UserInfo user, Seat seat, DateTimeOffset? deadline, CancellationToken cancellationToken)
    {
        if (server.Resources.Find(info.Cluster, info.GroupVersionResource) is not { } resource)
        {
            return OfferedAsync(server, http, info, user, seat, cancellationToken);
        }

        var request = new ResourceRequest { Server = server, Http = http, Info = info, User = user, Resource = resource, Seat = seat, Deadline = deadline };
        if (info.Cluster.IsAll && info.Verb is not ("list" or "watch"))
        {
            throw ApiErrors.MethodNotAllowed();
        }

        if (!IsInPlace(request) || HasTail(request))
        {
            return NotServedAsync(http, info, cancellationToken);
        }

        if (resource.Deprecation is { } deprecation)
        {
            Warnings.Add(http.Response, [deprecation]);
        }

        if (info.GroupResource is { Group: "", Resource: "endpoints" })
        {
            Warnings.Add(http.Response, ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"]);
        }

        if (info.Subresource.Length > 0)
        {
            return SubresourceDispatch.HandleAsync(request, cancellationToken);
        }

        if (BuiltinResources.IsVirtual(resource))
        {
            // Nothing of these is kept that a path could name, or list over all namespaces.
            if ((info.IsNameInPath && info.Resource != "componentstatuses") || (resource.Namespaced && info.Namespace.Length == 0))
            {
                return PathDispatch.NotFoundAsync(http, cancellationToken);
            }

            RefuseHead(request);
            return info.Resource switch
            {
                "bindings" => BindingHandler.HandleNamedInBodyAsync(request, cancellationToken),
                "componentstatuses" => ComponentStatusHandler.HandleAsync(request, cancellationToken),
                _ => ReviewHandler.Answers(resource.GroupResource) ? ReviewHandler.HandleAsync(request, cancellationToken) : throw ApiErrors.NoSuchResource(),
            };
        }

        // A resource does not always offer every verb: namespaces have no deletecollection.
        if (!resource.Verbs.Contains(info.Verb) || !FitsPath(request))
        {
            throw NotAllowed(request);
        }

        RefuseHead(request);
        RequireMediaTypes(request);
        return info.Verb switch
        {
            "get" => GetHandler.HandleAsync(request, cancellationToken),
            "list" => ListHandler.HandleAsync(request, cancellationToken),
            "watch" => WatchHandler.HandleAsync(request, cancellationToken),
            "create" => CreateHandler.HandleAsync(request, cancellationToken),
            "update" => UpdateHandler.HandleAsync(request, cancellationToken),
            "patch" => PatchHandler.HandleAsync(request, cancellationToken),
            "delete" => DeleteHandler.HandleAsync(request, cancellationToken),
            "deletecollection" => DeleteCollectionHandler.HandleAsync(request, cancellationToken),
            _ => throw ApiErrors.MethodNotAllowed(),
        };
    }

    private static async Task OfferedAsync(ServerState server, HttpContext http, RequestInfo info, UserInfo user, Seat seat, CancellationToken cancellationToken)
    {
        if (!await GroupDispatch.TryHandleAsync(server, http, info, user, seat, cancellationToken))
        {
            await NotServedAsync(http, info, cancellationToken);
        }
    }

    /// <summary>In a group that every server has, a Status; elsewhere upstream's router never finds a handler and answers text.</summary>
    private static Task NotServedAsync(HttpContext http, RequestInfo info, CancellationToken cancellationToken) =>
        BuiltinResources.Instance.HasGroup(info.Group) ? throw ApiErrors.NoSuchResource() : PathDispatch.NotFoundAsync(http, cancellationToken);

    /// <summary>A cluster-scoped resource is not found below a namespace, nor a namespaced object outside one.</summary>
    private static bool IsInPlace(ResourceRequest request)
    {
        if (request.Resource.Resource is { Group: "", Resource: "namespaces" })
        {
            // A namespace is in none, not in itself either.
            return !request.Info.IsBelowNamespace && (request.Info.Namespace.Length == 0 || (request.Info.IsNameInPath && request.Info.Name == request.Info.Namespace));
        }

        bool below = request.Info.Namespace.Length > 0;
        return request.Resource.Namespaced ? below || !request.Info.IsNameInPath || request.Info.Verb == "watch" : !below;
    }

    /// <summary>
    /// Something follows what is named, which only a proxy passes on: upstream's routes of built-in kinds end there. The handler of custom kinds looks no further than the subresource.
    /// </summary>
    private static bool HasTail(ResourceRequest request)
    {
        RequestInfo info = request.Info;
        return !request.Resource.IsCustom && info.Parts.Count > (info.IsVerbInPath ? 2 : info.Subresource == "proxy" ? int.MaxValue : 3);
    }

    /// <summary>405. For built-in kinds upstream's router says so, for custom ones their handler.</summary>
    public static StatusException NotAllowed(ResourceRequest request) =>
        request.Resource.IsCustom ? ApiErrors.MethodNotSupported(request.Resource.GroupResource, request.Info.Verb) : ApiErrors.MethodNotAllowed();

    /// <summary>Upstream's routes of built-in kinds know GET and not HEAD; the one handler of all custom kinds goes by the verb, which is the same for both.</summary>
    /// <exception cref="StatusException">405.</exception>
    public static void RefuseHead(ResourceRequest request)
    {
        if (request.Info.IsHead && !request.Resource.IsCustom)
        {
            throw ApiErrors.MethodNotAllowed();
        }
    }

    /// <summary>Who could not read the answer changes nothing either, and is not told what there is. What a patch is, and of which object, is looked at before.</summary>
    /// <exception cref="StatusException">415, 406; 400 for a change of a collection.</exception>
    public static void RequireMediaTypes(ResourceRequest request)
    {
        if (request.Info.Verb == "patch")
        {
            _ = Negotiation.Patch(request.Http.Request.ContentType, request.Resource.IsCustom);
        }

        if (request.Info.Verb is "patch" or "update" && !request.Info.IsNameInPath)
        {
            throw ApiErrors.BadRequest("name must be provided");
        }

        _ = Negotiation.Answer(request.Http.Request.Headers.Accept, request.Resource.IsCustom, request.Binary);
    }

    /// <summary>POST goes to a collection; PUT and PATCH go to an object; a path that says to watch is read. The handler of custom resources does not look at that.</summary>
    private static bool FitsPath(ResourceRequest request) => request.Resource.IsCustom || request.Info.Verb switch
    {
        "create" => !request.Info.IsNameInPath,
        "update" or "patch" => request.Info.IsNameInPath,
        "watch" => HttpMethods.IsGet(request.Http.Request.Method),
        _ => true,
    };
}
