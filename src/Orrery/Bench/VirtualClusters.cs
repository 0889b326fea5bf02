using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>Virtual clusters of a bench: made when they are missing, and removed with their tenant.</summary>
internal sealed class VirtualClusters(KubeClient root, string tenant, TimeProvider time)
{
    /// <summary>Those of the bench before may still be going.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    /// <summary>Makes one and waits until it is Ready.</summary>
    public async Task<ClusterName> MakeAsync(string name, CancellationToken cancellationToken)
    {
        var cluster = new ClusterName(tenant, name);
        await Waiting.UntilAsync($"virtual cluster {cluster}", Patience, time, async () =>
        {
            try
            {
                // One that goes takes what is made in it along, and is made anew once it has gone.
                KubeObject owner = await root.ApplyAsync(
                    OrreryResources.Tenants, "", tenant, Named("Tenant", new JsonObject { ["name"] = tenant }), Fleet.FieldManager, force: true, cancellationToken).ConfigureAwait(false);
                if (owner.IsDeleting)
                {
                    return false;
                }

                KubeObject made = await root.ApplyAsync(
                    OrreryResources.VirtualClusters, tenant, name, Named("VirtualCluster", new JsonObject { ["namespace"] = tenant, ["name"] = name }), Fleet.FieldManager, force: true, cancellationToken).ConfigureAwait(false);
                return !made.IsDeleting && Fleet.IsTrue(made, "Ready");
            }
            catch (StatusException error) when (error.Code is 403 or 404)
            {
                // The tenant's namespace is still being made.
                return false;
            }
        }, cancellationToken).ConfigureAwait(false);
        return cluster;
    }

    /// <summary>Asks for the removal of all of them, and does not wait for it.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        await root.DeleteCollectionAsync(OrreryResources.VirtualClusters, tenant, null, null, cancellationToken).ConfigureAwait(false);
        try
        {
            await root.DeleteAsync(OrreryResources.Tenants, "", tenant, null, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException gone) when (gone.IsNotFound)
        {
            // It was never made, or the bench before had asked for its removal.
        }
    }

    private static JsonObject Named(string kind, JsonObject metadata) =>
        new() { ["apiVersion"] = OrreryResources.ApiVersion, ["kind"] = kind, ["metadata"] = metadata, ["spec"] = new JsonObject() };
}
