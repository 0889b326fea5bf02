using Microsoft.Extensions.Logging;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Joining;

/// <summary>A satellite that gets its own certificate, and keeps it good while it works.</summary>
/// <param name="options">Its <see cref="SatelliteOptions.ControlPlane"/> is what joining makes of it, and need not be set.</param>
public sealed class JoiningSatellite(SatelliteOptions options, JoinOptions join)
{
    /// <summary>Runs until cancelled. Neither side need answer when it starts.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var cluster = new KubeClient(options.Cluster, options.Time);
        var enrollment = new Enrollment(
            options.DataPlane, new IdentityStore(cluster, JoinNames.IdentitySecret), join, options.Time, options.Loggers.CreateLogger("Orrery.Satellite.Joining"));
        try
        {
            await enrollment.JoinAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }

        await Together.RunAsync([token => WorkAsync(enrollment, token), enrollment.KeepAsync], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Works for the control plane wherever it is: at another address it is met anew.</summary>
    private async Task WorkAsync(Enrollment enrollment, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            Task moved = enrollment.Moved;
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task agent = new SatelliteAgent(options with { ControlPlane = enrollment.Config }).RunAsync(over.Token);
            await Task.WhenAny(agent, moved).ConfigureAwait(false);
            await over.CancelAsync().ConfigureAwait(false);
            await agent.ConfigureAwait(false);
        }
    }
}
