using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Applying;
using Orrery.Satellite.Policy;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// Answers what a virtual cluster asks about its pods: logs of them, and streams into them. Whatever the satellite's credential would allow, a pod must
/// stand in a namespace that Orrery made for the virtual cluster that asks.
/// </summary>
internal sealed class PodRequests(SatelliteContext context, Informer pods)
{
    /// <exception cref="StatusException">There is no such pod here, or the cluster does not let its satellite.</exception>
    public async Task AnswerAsync(HttpContext http, CancellationToken cancellationToken)
    {
        // 1. Which pod of the cluster is meant.
        PodRequest asked = PodRequest.Parse(http.Request.Path.Value ?? "") ?? throw ApiErrors.NoSuchResource();
        await context.KnownAsync(cancellationToken, pods).ConfigureAwait(false);
        (string ns, string pod) = Find(asked) ?? throw ApiErrors.NotFound(new GroupResource("", "pods"), asked.Pod);

        // 2. Ask the cluster, as the satellite, for as long as its owner lets anybody.
        await context.Policy.WhileAllowedAsync(
            p => p.DeniesPod(asked.Subresource, ns),
            denial => ApiErrors.Forbidden(new GroupResource("", "pods"), asked.Pod, ClusterActions.Explain(denial)),
            token => ForwardAsync(asked, ns, pod, http, token),
            cancellationToken).ConfigureAwait(false);
    }

    private Task ForwardAsync(PodRequest asked, string ns, string pod, HttpContext http, CancellationToken cancellationToken)
    {
        string? protocol = ClusterForward.StreamProtocol(http);
        if (!asked.IsProxy && (asked.IsStream != protocol is not null || (protocol is null && !HttpMethods.IsGet(http.Request.Method))))
        {
            throw ApiErrors.MethodNotAllowed();
        }

        string tail = asked.IsProxy ? PodRequest.TailOf(http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget) : "";
        return ClusterForward.RunAsync(
            context.Cluster,
            $"/api/v1/namespaces/{ns}/pods/{asked.Scheme}{pod}{asked.Port}/{asked.Subresource}{tail}{http.Request.QueryString.Value}",
            headers: asked.IsProxy,
            http,
            asked.IsProxy ? null : () => ApiErrors.Forbidden(new GroupResource("", "pods"), asked.Pod, $"data plane \"{context.Options.DataPlane}\" does not let its satellite use pods/{asked.Subresource}"),
            cancellationToken);
    }

    /// <summary>By the satellite's own marks on its own cluster: the asker says only which virtual cluster it is.</summary>
    private (string Namespace, string Pod)? Find(PodRequest asked)
    {
        foreach (KubeObject ns in context.Namespaces.All())
        {
            if (context.Served.OwnerOf(ns) is { Installation: null } owner && owner.Cluster == asked.Cluster && owner.Namespace == asked.Namespace && !ns.IsDeleting)
            {
                return pods.InNamespace(ClusterName.Root, ns.Name).FirstOrDefault(p => MirroredName.Of(p.Name, context.Options.DataPlane) == asked.Pod) is { } pod
                    ? (ns.Name, pod.Name)
                    : null;
            }
        }

        return null;
    }
}
