using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// Answers what a virtual cluster asks of <c>metrics.k8s.io</c>: of pods only those in namespaces made for it, under the names that they have there; of nodes
/// those of the cluster.
/// </summary>
internal sealed class MetricsRequests(SatelliteContext context)
{
    private static readonly string Version = ClusterResources.PodMetrics.ApiVersion;

    /// <returns>Null for a path that asks for something else.</returns>
    public static MetricsRequest? Parse(string path) => path.Split('/') switch
    {
        ["", "clusters", var root, var cluster, "apis", "metrics.k8s.io", "v1beta1", "nodes"] => Of(root, cluster, "", isPods: false),
        ["", "clusters", var root, var cluster, "apis", "metrics.k8s.io", "v1beta1", "pods"] => Of(root, cluster, "", isPods: true),
        ["", "clusters", var root, var cluster, "apis", "metrics.k8s.io", "v1beta1", "namespaces", var ns, "pods"] when IsName(ns) => Of(root, cluster, ns, isPods: true),
        _ => null,
    };

    /// <exception cref="StatusException">The cluster measures nothing, or does not let its satellite read it.</exception>
    public async Task AnswerAsync(MetricsRequest asked, HttpContext http, CancellationToken cancellationToken)
    {
        if (!HttpMethods.IsGet(http.Request.Method))
        {
            throw ApiErrors.MethodNotAllowed();
        }

        await context.KnownAsync(cancellationToken).ConfigureAwait(false);
        var items = new JsonArray();
        if (!asked.IsPods)
        {
            foreach (KubeObject node in await ListAsync(ClusterResources.NodeMetrics, "", cancellationToken).ConfigureAwait(false))
            {
                items.Add((JsonNode)node.ToJsonObject());
            }
        }

        foreach ((KubeObject ns, MappedNamespace owner) in NamespacesOf(asked))
        {
            foreach (KubeObject pod in await ListAsync(ClusterResources.PodMetrics, ns.Name, cancellationToken).ConfigureAwait(false))
            {
                JsonObject json = pod.ToJsonObject();
                json.Metadata["name"] = MirroredName.Of(pod.Name, context.Options.DataPlane);
                json.Metadata["namespace"] = owner.Namespace;
                items.Add((JsonNode)json);
            }
        }

        var list = new JsonObject { ["kind"] = asked.IsPods ? "PodMetricsList" : "NodeMetricsList", ["apiVersion"] = Version, ["metadata"] = new JsonObject(), ["items"] = items };
        http.Response.ContentType = "application/json";
        await http.Response.BodyWriter.WriteAsync(JsonSerializer.SerializeToUtf8Bytes<JsonNode>(list), cancellationToken).ConfigureAwait(false);
    }

    private IEnumerable<(KubeObject Namespace, MappedNamespace Owner)> NamespacesOf(MetricsRequest asked) =>
        from ns in asked.IsPods ? context.Namespaces.All() : []
        where !ns.IsDeleting
        let owner = context.Served.OwnerOf(ns)
        where owner is { Installation: null } && owner.Cluster == asked.Cluster && (asked.Namespace.Length == 0 || owner.Namespace == asked.Namespace)
        select (ns, owner);

    private async Task<IReadOnlyList<KubeObject>> ListAsync(GroupVersionResource resource, string ns, CancellationToken cancellationToken)
    {
        try
        {
            return (await context.Cluster.ListAsync(resource, ns, null, cancellationToken).ConfigureAwait(false)).Items;
        }
        catch (StatusException e) when (e.Code == 403)
        {
            throw ApiErrors.Forbidden(resource.GroupResource, "", $"data plane \"{context.Options.DataPlane}\" does not let its satellite read them");
        }
        catch (StatusException e) when (e.Code is 404 or 503)
        {
            throw ApiErrors.ServiceUnavailable($"data plane \"{context.Options.DataPlane}\" does not serve {Version}");
        }
    }

    private static MetricsRequest? Of(string root, string cluster, string ns, bool isPods) =>
        IsName(root) && IsName(cluster) ? new MetricsRequest(new ClusterName(root, cluster), ns, isPods) : null;

    private static bool IsName(string part) => Names.CheckDns1123Subdomain(part).Count == 0;
}

/// <summary>What a virtual cluster asks about figures.</summary>
/// <param name="Namespace">As in the virtual cluster; empty for all of them, and for nodes.</param>
internal sealed record MetricsRequest(ClusterName Cluster, string Namespace, bool IsPods);
