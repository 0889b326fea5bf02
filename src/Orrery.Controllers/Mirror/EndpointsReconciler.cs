using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Mirror;

/// <summary>Keeps the Endpoints object of one Service of a virtual cluster as its mirrored slices are. One that leads nowhere by itself is its tenant's business.</summary>
internal sealed class EndpointsReconciler(MirrorWriter writer, Informer services, TenancyDirectory tenancy, MirrorInformers mirrored) : IReconciler<ObjectKey>
{
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (services.Get(key) is not { IsDeleting: false } service || !Selects(service) || mirrored.Namespaces.Get(key.Cluster, "", key.Namespace) is not { IsDeleting: false })
        {
            // Without its Service it is collected.
            return ReconcileResult.Done;
        }

        JsonObject wanted = EndpointsMirror.Build(service, mirrored.SlicesOf(key));
        if (mirrored.Endpoints.Get(key) is not { } present)
        {
            if (tenancy.Find(key.Cluster) is null or { Placement.IsEmpty: true })
            {
                // A virtual cluster that names no data plane is an API server alone: nothing of it is anywhere. With its first place come slices, which wake this.
                return ReconcileResult.Done;
            }

            await writer.CreateAsync(CoreResources.Endpoints, key.Cluster, wanted, cancellationToken).ConfigureAwait(false);
            return ReconcileResult.Done;
        }

        await writer.UpdateAsync(CoreResources.Endpoints, key.Cluster, present, wanted, cancellationToken, "subsets").ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    private static bool Selects(KubeObject service) =>
        service.TextAt("spec", "type") != "ExternalName" && service.At("spec", "selector") is { ValueKind: JsonValueKind.Object } selector && selector.EnumerateObject().Any();
}
