using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Joining;

/// <summary>The namespace in which a satellite keeps what is its own. The manifest makes it; outside a pod the satellite does.</summary>
internal static class SystemNamespace
{
    public static async Task EnsureAsync(KubeClient cluster, CancellationToken cancellationToken)
    {
        if (await cluster.FindAsync(ClusterResources.Namespaces, "", JoinNames.SystemNamespace, cancellationToken).ConfigureAwait(false) is not null)
        {
            return;
        }

        try
        {
            await cluster.CreateAsync(
                ClusterResources.Namespaces,
                "",
                new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = JoinNames.SystemNamespace } },
                cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            // Somebody was faster: what was wanted.
        }
    }
}
