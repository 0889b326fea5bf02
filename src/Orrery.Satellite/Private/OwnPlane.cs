using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Private;

/// <summary>Sees to it that the tenant, and the cluster as its data plane, are there; without the vendor.</summary>
internal sealed class OwnPlane(PrivateContext context, ILogger logger)
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);

    /// <summary>Makes what is missing, once. The kinds may be installed only in a moment.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        for (string said = ""; ;)
        {
            try
            {
                await MakeAsync(OrreryResources.Tenants, "Tenant", context.Tenant, [], cancellationToken).ConfigureAwait(false);
                await MakeAsync(
                    OrreryResources.DataPlanes, "DataPlane", context.DataPlane,
                    new JsonObject { ["access"] = "Private", ["tenants"] = new JsonArray(context.Tenant) }, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (Retry.IsAway(e) && !cancellationToken.IsCancellationRequested)
            {
                if (said != e.Message)
                {
                    said = e.Message;
                    Log.OwnPlaneWaits(logger, said);
                }
            }

            await Task.Delay(Wait, context.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task MakeAsync(GroupVersionResource resource, string kind, string name, JsonObject spec, CancellationToken cancellationToken)
    {
        if (await context.Cluster.FindAsync(resource, "", name, cancellationToken).ConfigureAwait(false) is not null)
        {
            return;
        }

        var body = new JsonObject
        {
            ["apiVersion"] = OrreryResources.ApiVersion,
            ["kind"] = kind,
            ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { [FetchedObject.Label] = context.DataPlane } },
            ["spec"] = spec,
        };
        try
        {
            await context.Cluster.CreateAsync(resource, "", body, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            // There by now: what was wanted.
        }
    }
}
