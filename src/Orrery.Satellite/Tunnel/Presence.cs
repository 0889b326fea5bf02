using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// The tunnel where the control plane takes one, and a Lease where root is somebody's existing cluster, which knows nothing of tunnels. The tunnel is
/// tried first, so that asking which it is costs nobody anything who is let in.
/// </summary>
internal sealed class Presence(SatelliteContext context, TunnelDialer dialer, LeaseBeat beat) : ITunnel
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public event Action? Opened
    {
        add
        {
            dialer.Opened += value;
            beat.Opened += value;
        }
        remove
        {
            dialer.Opened -= value;
            beat.Opened -= value;
        }
    }

    public Task Joined => joined.Task;

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var instead = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task dialling = dialer.RunAsync(instead.Token);
        if (await Task.WhenAny(dialer.Joined, Task.Delay(Patience, context.Time, cancellationToken)).ConfigureAwait(false) != dialer.Joined
            && !await TakesTunnelsAsync(cancellationToken).ConfigureAwait(false))
        {
            await instead.CancelAsync().ConfigureAwait(false);
            try
            {
                await dialling.ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (instead.IsCancellationRequested)
            {
                // It was about to dial.
            }

            // What the Lease beats to may take no tunnels from anybody.
            context.Standing.LetIn();
            context.ControlPlane.PingAfter(TunnelDial.PingAfterWithoutBeats);
            await Together.RunAsync([beat.RunAsync, token => TellAsync(beat, token)], cancellationToken).ConfigureAwait(false);
            return;
        }

        await Together.RunAsync([_ => dialling, token => TellAsync(dialer, token)], cancellationToken).ConfigureAwait(false);
    }

    private async Task TellAsync(ITunnel chosen, CancellationToken cancellationToken)
    {
        await chosen.Joined.WaitAsync(cancellationToken).ConfigureAwait(false);
        joined.TrySetResult();
        await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Asked until it is answered, or the tunnel stands.</summary>
    private async Task<bool> TakesTunnelsAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested && !dialer.Joined.IsCompleted)
        {
            try
            {
                // Only a server of ours speaks of its virtual clusters.
                await context.ControlPlane.SendJsonAsync(HttpMethod.Get, $"/apis/{OrreryResources.InternalGroup}/{OrreryResources.Version}", null, cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (StatusException e) when (e.IsNotFound)
            {
                // Whatever stands in front of a control plane that is away may say so of everything.
                if (await IsApiServerAsync(cancellationToken).ConfigureAwait(false))
                {
                    return false;
                }
            }
            catch (Exception e) when (Retry.IsAway(e) && !cancellationToken.IsCancellationRequested)
            {
                // The dialler says what is wrong.
            }

            await Task.WhenAny(dialer.Joined, Task.Delay(Patience, context.Time, cancellationToken)).ConfigureAwait(false);
        }

        return true;
    }

    private async Task<bool> IsApiServerAsync(CancellationToken cancellationToken)
    {
        try
        {
            JsonElement version = await context.ControlPlane.SendJsonAsync(HttpMethod.Get, "/version", null, cancellationToken).ConfigureAwait(false);
            return version.ValueKind == JsonValueKind.Object && version.TryGetProperty("gitVersion", out _);
        }
        catch (Exception e) when (Retry.IsAway(e) && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
