using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// Says to a control plane that takes no tunnels that this satellite lives: by a Lease that it renews, as kubelets do. Nothing is asked back on this way.
/// </summary>
/// <param name="standing">Told whether it is let in; null where nobody asks.</param>
/// <param name="controlPlane">Lets everything pass, also while nothing else is sent.</param>
internal sealed class LeaseBeat(KubeClient controlPlane, string dataPlane, Standing? standing, TimeProvider time, ILogger logger) : ITunnel
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>For how long a renewal vouches: three of them may be lost.</summary>
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(40);

    /// <summary>Until it is first let in: its DataPlane may be made at any moment.</summary>
    private static readonly TimeSpan JoinWait = TimeSpan.FromSeconds(1);

    /// <summary>How often it is told at most that somebody else renews the Lease.</summary>
    private static readonly TimeSpan TellInterval = TimeSpan.FromMinutes(1);

    private readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Resource version of the Lease as this one left it; null where that is not known.</summary>
    private string? version;

    /// <summary>When it was last told that somebody else has written the Lease; null when it never was.</summary>
    private long? told;

    /// <inheritdoc/>
    /// <remarks>There is no connection that opens. Raised where somebody else has renewed the Lease: another satellite with a copy of this one's Secret, most likely.</remarks>
    public event Action? Opened;

    public Task Joined => joined.Task;

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        string ns = OrreryNames.DataPlaneNamespace(dataPlane);
        string said = "";
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await RenewAsync(ns, cancellationToken).ConfigureAwait(false);
                if (joined.TrySetResult() || said.Length > 0)
                {
                    Log.LeaseHeld(logger, controlPlane.Config.Server);
                }

                said = "";
                standing?.LetIn();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (Retry.IsAway(e) && !cancellationToken.IsCancellationRequested)
            {
                // It may have been done all the same.
                version = null;
                if (e is StatusException { Code: 401 or 403 } && joined.Task.IsCompleted)
                {
                    standing?.Refused(e.Message);
                }

                // Days offline are a line in the log, not a line a try.
                if (said != e.Message)
                {
                    said = e.Message;
                    Log.WaitingToJoin(logger, said);
                }
            }

            await Task.Delay(joined.Task.IsCompleted ? Interval : JoinWait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>On the condition that nobody has since this one did: that it is broken costs one request more, and nothing otherwise.</summary>
    private async Task RenewAsync(string ns, CancellationToken cancellationToken)
    {
        if (version is { Length: > 0 } known)
        {
            try
            {
                version = await ApplyAsync(ns, known, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (StatusException e) when (e.Code is 404 or 409)
            {
                if (told is null || time.GetElapsedTime(told.Value) >= TellInterval)
                {
                    told = time.GetTimestamp();
                    Opened?.Invoke();
                }
            }
        }

        version = await ApplyAsync(ns, null, cancellationToken).ConfigureAwait(false);
    }

    private async Task<string> ApplyAsync(string ns, string? onlyIf, CancellationToken cancellationToken)
    {
        JsonObject lease = Make(ns);
        if (onlyIf is not null)
        {
            lease.Metadata["resourceVersion"] = onlyIf;
        }

        return (await controlPlane.ApplyAsync(
            ClusterResources.Leases, ns, OrreryNames.TunnelLease, lease, OrreryNames.SatelliteManager, force: true, cancellationToken).ConfigureAwait(false)).ResourceVersion;
    }

    private JsonObject Make(string ns) => new()
    {
        ["apiVersion"] = "coordination.k8s.io/v1",
        ["kind"] = "Lease",
        ["metadata"] = new JsonObject { ["name"] = OrreryNames.TunnelLease, ["namespace"] = ns },
        ["spec"] = new JsonObject
        {
            ["holderIdentity"] = OrreryNames.SatelliteHolder,
            ["leaseDurationSeconds"] = (int)Lasts.TotalSeconds,
            ["renewTime"] = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
        },
    };
}
