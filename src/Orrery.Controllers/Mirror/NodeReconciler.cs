using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Mirror;

/// <summary>Shows in one virtual cluster the nodes of the data planes that it runs on.</summary>
internal sealed class NodeReconciler(
    MirrorWriter writer, ObservationDirectory observations, FleetDirectory fleet, TenancyDirectory tenancy, WorkDirectory works, MirrorInformers mirrored)
    : IReconciler<ClusterName>
{
    public async Task<ReconcileResult> ReconcileAsync(ClusterName key, CancellationToken cancellationToken)
    {
        if (tenancy.Find(key) is not { IsServed: true } owner)
        {
            return ReconcileResult.Done;
        }

        // 1. Who is there already: a name stays with the node that has it.
        Dictionary<string, KubeObject> present = mirrored.NodesIn(key).ToDictionary(n => n.Name, StringComparer.Ordinal);
        var wanted = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (DataPlane dataPlane in DataPlanesOf(key))
        {
            foreach (KubeObject observation in observations.Nodes(dataPlane.Name).OrderBy(o => o.Name, StringComparer.Ordinal))
            {
                if (ObservationDirectory.ObjectOf(observation) is not { } node)
                {
                    continue;
                }

                string name = MirrorNames.Node(node.Name, dataPlane.Name, present.GetValueOrDefault(node.Name));
                if (wanted.ContainsKey(name))
                {
                    name = MirrorNames.Mirrored(node.Name, dataPlane.Name);
                }

                wanted[name] = NodeMirror.Build(node, name, dataPlane, owner.Tenant.Name);
            }
        }

        // 2. The difference.
        foreach ((string name, JsonObject node) in wanted)
        {
            if (present.TryGetValue(name, out KubeObject? existing))
            {
                await writer.UpdateAsync(CoreResources.Nodes, key, existing, node, cancellationToken, "spec").ConfigureAwait(false);
            }
            else
            {
                KubeObject made = await writer.CreateAsync(CoreResources.Nodes, key, node, cancellationToken).ConfigureAwait(false);
                await writer.EnsureAsync(CoreResources.Leases, key, NodeMirror.Lease(made), cancellationToken).ConfigureAwait(false);
            }
        }

        foreach (KubeObject gone in present.Values.Where(n => MirrorNames.IsMirrored(n) && !wanted.ContainsKey(n.Name)))
        {
            await writer.DeleteAsync(CoreResources.Nodes, key, gone, null, cancellationToken).ConfigureAwait(false);
        }

        return ReconcileResult.Done;
    }

    /// <summary>Where it is placed, and where it still has something.</summary>
    private IEnumerable<DataPlane> DataPlanesOf(ClusterName cluster)
    {
        IEnumerable<string> placed = tenancy.Find(cluster) is { } found
            ? PlacementResolver.Resolve(found.Placement, found.Tenant, fleet.Current, []).DataPlanes.Select(d => d.Name)
            : [];
        return placed.Union(works.DataPlanesOf(cluster)).Order(StringComparer.Ordinal).Select(n => fleet.Current.DataPlane(n)).OfType<DataPlane>();
    }
}
