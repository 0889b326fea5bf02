using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Reporting;

/// <summary>Renews the Lease by which the control plane knows that this satellite lives, whatever else fails.</summary>
internal sealed class Heartbeat(SatelliteContext context)
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly ILogger logger = context.Options.Loggers.CreateLogger("Orrery.Satellite.Heartbeat");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            TimeSpan wait = context.Options.HeartbeatInterval;
            try
            {
                await RenewAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (Satellite.Retry.IsAway(e) && !cancellationToken.IsCancellationRequested)
            {
                Log.HeartbeatFailed(logger, e.Message);
                wait = wait < Retry ? wait : Retry;
            }

            await Task.Delay(wait, context.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var spec = new JsonObject
        {
            ["holderIdentity"] = OrreryNames.SatelliteUser(context.Options.DataPlane),
            ["leaseDurationSeconds"] = (int)Math.Max(1, context.Options.HeartbeatInterval.TotalSeconds * 4),
            ["renewTime"] = MicroTime(context.Time.GetUtcNow()),
        };
        try
        {
            await context.ControlPlane.PatchAsync(
                ClusterResources.Leases, context.Namespace, OrreryNames.SatelliteLease, Client.PatchKind.Merge, new JsonObject { ["spec"] = spec.DeepClone() }, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            var lease = new JsonObject
            {
                ["apiVersion"] = "coordination.k8s.io/v1",
                ["kind"] = "Lease",
                ["metadata"] = new JsonObject { ["name"] = OrreryNames.SatelliteLease, ["namespace"] = context.Namespace },
                ["spec"] = spec,
            };
            await context.ControlPlane.CreateAsync(ClusterResources.Leases, context.Namespace, lease, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The form of metav1 MicroTime.</summary>
    private static string MicroTime(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
