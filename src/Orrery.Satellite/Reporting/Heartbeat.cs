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
    private static readonly TimeSpan JoinRetry = TimeSpan.FromMilliseconds(200);

    private readonly ILogger logger = context.Options.Loggers.CreateLogger("Orrery.Satellite.Heartbeat");

    /// <summary>Waits until the control plane takes a heartbeat, for however long.</summary>
    /// <returns>False when cancelled before.</returns>
    public async Task<bool> JoinAsync(CancellationToken cancellationToken)
    {
        string said = "";
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await RenewAsync(cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (Exception e) when (Satellite.Retry.IsAway(e))
            {
                if (e.Message != said)
                {
                    said = e.Message;
                    Log.WaitingToJoin(logger, said);
                }
            }

            await Task.Delay(JoinRetry, context.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return false;
    }

    /// <summary>Renews until cancelled; <see cref="JoinAsync"/> has sent the first.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        TimeSpan wait = context.Options.HeartbeatInterval;
        string said = "";
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(wait, context.Time, cancellationToken).ConfigureAwait(false);
            wait = context.Options.HeartbeatInterval;
            try
            {
                await RenewAsync(cancellationToken).ConfigureAwait(false);
                if (said.Length > 0)
                {
                    said = "";
                    Log.HeartbeatBack(logger);
                }
            }
            catch (Exception e) when (Satellite.Retry.IsAway(e) && !cancellationToken.IsCancellationRequested)
            {
                // Days offline are a line in the log, not a line a second.
                if (e.Message != said)
                {
                    said = e.Message;
                    Log.HeartbeatFailed(logger, said);
                }

                wait = wait < Retry ? wait : Retry;
            }
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
