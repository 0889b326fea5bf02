using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Authorization;
using Orrery.Server.Cache;
using Orrery.Server.Protection;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>Requests for a subresource: the object's own status, or one with a handler of its own.</summary>
internal static class SubresourceDispatch
{
    public static Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        // 1. One that a part beside the server offers. Of the platform's own kinds that is in root: what a virtual cluster defines under their names is its own affair, and leads nowhere.
        if ((request.Cluster.IsRoot || !request.Resource.IsCustom) && request.Server.SubresourceHandlers.TryGetValue((request.Resource.GroupResource, request.Subresource), out ISubresourceHandler? handler))
        {
            RequireRouted(request);
            ProxyName proxy = request.Subresource == "proxy"
                ? ProxyName.Parse(request.Name) ?? throw ApiErrors.BadRequest($"invalid {request.Resource.GroupResource.Resource} request \"{request.Name}\"")
                : new ProxyName("", request.Name, "");
            _ = request.Require(proxy.Name);
            if (IsStream(request) && request.Info.Verb == "get")
            {
                // A WebSocket opens with GET, and a stream into a pod is more than reading (upstream since 1.35: AuthorizePodWebsocketUpgradeCreatePermission).
                request.Server.Access.Authorizer.Require(AuthorizationAttributes.From(request.User, request.Info) with { Verb = "create" });
            }

            request.Seat.Dispose();
            StalledClients.LetPause(request.Http);
            return LongRunning.RunAsync(request, (asked, token) => ServeAsync(asked, handler, proxy, token), cancellationToken);
        }

        // 2. One that the kind has.
        if (!request.Resource.Subresources.TryGetValue(request.Subresource, out SubresourceDefinition? subresource))
        {
            // Whether a custom resource has status and scale its author says; upstream looks for them where it looks for the object.
            throw request.Resource.IsCustom ? ApiErrors.NotFound(request.Resource.GroupResource, request.Name)
                : BuiltinResources.IsKnownSubresource(request.Resource.Resource, request.Subresource) ? NotServed(request) : ApiErrors.NoSuchResource();
        }

        if (!subresource.Verbs.Contains(request.Info.Verb))
        {
            throw ResourceDispatch.NotAllowed(request);
        }

        ResourceDispatch.RefuseHead(request);
        ResourceDispatch.RequireMediaTypes(request);
        return request.Subresource switch
        {
            "status" or "approval" or "ephemeralcontainers" or "resize" => StatusAsync(request, cancellationToken),
            "scale" => ScaleHandler.HandleAsync(request, cancellationToken),
            "binding" => BindingHandler.HandleAsync(request, cancellationToken),
            "eviction" => EvictionHandler.HandleAsync(request, cancellationToken),
            "finalize" => FinalizeHandler.HandleAsync(request, cancellationToken),
            "token" => TokenRequestHandler.HandleAsync(request, cancellationToken),
            _ => throw ApiErrors.NoSuchResource(),
        };
    }

    private static async Task ServeAsync(ResourceRequest request, ISubresourceHandler handler, ProxyName proxy, CancellationToken cancellationToken)
    {
        await ConnectAdmission.AdmitAsync(request, cancellationToken);
        await handler.HandleAsync(TargetOf(request, proxy), request.Http, cancellationToken);
    }

    /// <summary>The object as it is now. Whoever serves for months need not hold it for as long, so neither does anybody here.</summary>
    private static SubresourceTarget TargetOf(ResourceRequest request, ProxyName proxy) =>
        new(request.Cluster, request.User, request.Info.Verb, KubeObject.Parse(request.Require(proxy.Name).Json.Span)) { Proxy = proxy, Tail = TailOf(request), Beside = resource => Beside(request, resource) };

    private static IReadOnlyList<KubeObject> Beside(ResourceRequest request, GroupVersionResource resource) =>
        request.Server.Resources.Find(request.Cluster, resource) is { } found
            ? [.. ObjectStore.Range(request.Server.Objects.Current(found), request.Cluster, StoreKey.Prefix(found.StoredAs, request.Cluster, request.Info.Namespace)).Select(o => KubeObject.Parse(o.Json.Span))]
            : [];

    /// <summary>Which methods upstream's routes of what leads through a built-in kind know.</summary>
    /// <exception cref="StatusException">405; 400 for a dry run of what cannot be tried.</exception>
    private static void RequireRouted(ResourceRequest request)
    {
        bool isRouted = request.Resource.IsCustom || request.Subresource switch
        {
            "proxy" => request.Info.Verb.Length > 0 || HttpMethods.IsOptions(request.Http.Request.Method),
            "log" or "exec" or "attach" or "portforward" => !request.Info.IsHead && (request.Info.Verb == "get" || (request.Info.Verb == "create" && IsStream(request))),
            _ => true,
        };
        if (!isRouted)
        {
            throw ApiErrors.MethodNotAllowed();
        }

        if (request.Subresource is "exec" or "attach" or "portforward" or "proxy" && request.Info.Query.Has("dryRun"))
        {
            throw ApiErrors.BadRequest("dryRun is not supported");
        }
    }

    private static bool IsStream(ResourceRequest request) =>
        (request.Resource.GroupResource is { Group: "", Resource: "pods" } && request.Subresource is "exec" or "attach" or "portforward")
        || (request.Resource.GroupResource == OrreryResources.DataPlanes.GroupResource && request.Subresource == "proxy"
            && (request.Http.Request.Headers.Upgrade.Count > 0 || WebSocketUpgrade.IsWithinConnection(request.Http)));

    /// <summary>The raw path from the slash after the subresource on: what a proxy passes on undecoded.</summary>
    private static string TailOf(ResourceRequest request)
    {
        const int NamedParts = 3;
        string raw = RawTarget.Of(request.Http);
        int question = raw.IndexOf('?', StringComparison.Ordinal);
        string path = question < 0 ? raw : raw[..question];
        bool slash = path.EndsWith('/');
        int at = slash ? path.Length - 1 : path.Length;
        for (int left = request.Info.Parts.Count - NamedParts; left > 0; left--)
        {
            at = path.LastIndexOf('/', at - 1);
        }

        return path[at..];
    }

    /// <summary>Kubernetes has it and we do not, such as <c>pods/log</c>: said so, as a bare 404 would send people looking for the pod.</summary>
    private static StatusException NotServed(ResourceRequest request)
    {
        RequireRouted(request);
        bool isStream = IsStream(request);
        KubeObject target = KubeObject.Parse(request.Require(request.Name).Json.Span);
        if (isStream && string.IsNullOrEmpty(target.TextAt("spec", "nodeName")))
        {
            return ApiErrors.BadRequest($"pod {request.Name} does not have a host assigned");
        }

        string where = target.Labels.TryGetValue(OrreryNames.DataPlaneLabel, out string? dataPlane)
            ? $"; it runs in data plane {dataPlane}, whose own API answers this"
            : "";
        return ApiErrors.NotImplemented($"{request.Resource.GroupResource.Resource}/{request.Subresource} of \"{request.Name}\" is not served by this API yet{where}");
    }

    private static Task StatusAsync(ResourceRequest request, CancellationToken cancellationToken) => request.Info.Verb switch
    {
        "get" => GetHandler.HandleAsync(request, cancellationToken),
        "update" => UpdateHandler.HandleAsync(request, cancellationToken),
        "patch" => PatchHandler.HandleAsync(request, cancellationToken),
        _ => throw ApiErrors.MethodNotAllowed(),
    };
}
