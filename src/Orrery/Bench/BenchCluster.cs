using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>A tenant and a virtual cluster of a bench's own, so that nothing of the user's is touched.</summary>
internal static class BenchCluster
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Ends once it is ready.</summary>
    /// <param name="cluster">Its namespace is the tenant's name.</param>
    public static async Task MakeAsync(KubeClient root, ClusterName cluster, IReadOnlyList<string> dataPlanes, TimeProvider time, CancellationToken cancellationToken)
    {
        JsonObject tenant = Named("Tenant", cluster.Namespace);
        _ = await root.ApplyAsync(OrreryResources.Tenants, "", cluster.Namespace, tenant, Fleet.FieldManager, force: true, cancellationToken).ConfigureAwait(false);
        JsonObject body = Named("VirtualCluster", cluster.Name);
        body.Metadata["namespace"] = cluster.Namespace;
        body["spec"] = new JsonObject { ["placement"] = new JsonObject { ["dataPlanes"] = new JsonArray([.. dataPlanes.Select(d => (JsonNode)d)]) } };
        await Waiting.UntilAsync("the bench's virtual cluster", Patience, time, async () =>
        {
            try
            {
                KubeObject made = await root.ApplyAsync(OrreryResources.VirtualClusters, cluster.Namespace, cluster.Name, body.DeepClone().AsObject(), Fleet.FieldManager, force: true, cancellationToken).ConfigureAwait(false);
                return !made.IsDeleting && Fleet.IsTrue(made, "Ready");
            }
            catch (StatusException error) when (error.Code is 403 or 404)
            {
                // The tenant's namespace is still being made.
                return false;
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    public static async Task RemoveAsync(KubeClient root, ClusterName cluster)
    {
        await root.DeleteAsync(OrreryResources.VirtualClusters, cluster.Namespace, cluster.Name, null, CancellationToken.None).ConfigureAwait(false);
        await root.DeleteAsync(OrreryResources.Tenants, "", cluster.Namespace, null, CancellationToken.None).ConfigureAwait(false);
    }

    private static JsonObject Named(string kind, string name) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject(),
    };
}
