using System.Net.WebSockets;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Tunnel;

/// <summary>Keeps one connection to the control plane open, over which the control plane asks and this satellite answers.</summary>
internal sealed class TunnelDialer(SatelliteContext context, TunnelRequests requests) : ITunnel
{
    /// <summary>Until it is first let in, it dials more often: its DataPlane may be made at any moment.</summary>
    private static readonly TimeSpan LongestJoinWait = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);
    /// <summary>One that ends sooner was worth nothing: what ends each at once is not dialled without pause, be it something on the way or another satellite of the same identity.</summary>
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(20);

    /// <summary>While another satellite of the data plane is connected: for no longer is it without one when that ends.</summary>
    private static readonly TimeSpan LongestStandby = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan IdentityLook = TimeSpan.FromMilliseconds(500);

    private readonly ILogger logger = context.Options.Loggers.CreateLogger("Orrery.Satellite.Tunnel");
    private readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Joined => joined.Task;

    public event Action? Opened;

    /// <inheritdoc/>
    /// <remarks>Dials, and dials again.</remarks>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using TunnelServer server = await TunnelServer.StartAsync(requests.HandleAsync, context.Options.Loggers, cancellationToken).ConfigureAwait(false);
        var dial = new TunnelDial(context.ControlPlane, context.Options.DataPlane, context.Options.Instance, context.Time);
        var chance = new Random(HashCode.Combine(context.Options.DataPlane));
        TimeSpan wait = FirstWait;
        string said = "";
        var former = new List<Task>();
        while (!cancellationToken.IsCancellationRequested)
        {
            string reason;
            TlsIdentity? dialledAs = context.Options.ControlPlane.TlsSource?.Invoke();
            try
            {
                Stream connection = await dial.OpenAsync(cancellationToken).ConfigureAwait(false);
                Log.TunnelOpen(logger, context.Options.ControlPlane.Server);
                context.Standing.LetIn();
                joined.TrySetResult();
                Opened?.Invoke();
                said = "";
                long opened = context.Time.GetTimestamp();
                Task<string> serving = ServeAsync(server, connection, cancellationToken);
                if (await EndOrRenewalAsync(serving, dialledAs, cancellationToken).ConfigureAwait(false) is not { } ended)
                {
                    // What goes through this one goes on: the control plane lets it go once nothing does, or its certificate ends.
                    former.RemoveAll(f => f.IsCompleted);
                    former.Add(serving);
                    continue;
                }

                reason = ended;
                wait = context.Time.GetElapsedTime(opened) < Lasting ? wait : FirstWait;
            }
            catch (Exception e) when (Retry.IsAway(e) || e is WebSocketException)
            {
                // Also one that comes just when it is to stop: that it was not let in is no fault of whoever stops it.
                reason = e.Message;
                context.Standing.Answered(e, hadJoined: joined.Task.IsCompleted);
            }

            // Days offline are a line in the log, not a line a try.
            if (reason != said && !context.Standing.IsSecond && !cancellationToken.IsCancellationRequested)
            {
                said = reason;
                if (joined.Task.IsCompleted)
                {
                    Log.TunnelClosed(logger, reason);
                }
                else
                {
                    Log.WaitingToJoin(logger, reason);
                }
            }

            // All satellites lose a server at once, and must not all come back at once.
            await PauseAsync(wait * (0.5 + chance.NextDouble()), dialledAs, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            TimeSpan longest = context.Standing.IsSecond ? LongestStandby : joined.Task.IsCompleted ? LongestWait : LongestJoinWait;
            wait = wait * 2 < longest ? wait * 2 : longest;
        }

        await Task.WhenAll(former).ConfigureAwait(false);
    }

    /// <returns>Why the connection ended; null when it stands, and the satellite has another certificate than it was opened with.</returns>
    private async Task<string?> EndOrRenewalAsync(Task<string> serving, TlsIdentity? dialledAs, CancellationToken cancellationToken)
    {
        while (await Task.WhenAny(serving, Task.Delay(LookInterval, context.Time, cancellationToken)).ConfigureAwait(false) != serving && !cancellationToken.IsCancellationRequested)
        {
            if (context.Options.ControlPlane.TlsSource?.Invoke().Certificate?.Thumbprint != dialledAs?.Certificate?.Thumbprint)
            {
                return null;
            }
        }

        return await serving.ConfigureAwait(false);
    }

    /// <summary>Waits; a certificate that came meanwhile is worth a try at once.</summary>
    private async Task PauseAsync(TimeSpan wait, TlsIdentity? dialledAs, CancellationToken cancellationToken)
    {
        long start = context.Time.GetTimestamp();
        while (wait - context.Time.GetElapsedTime(start) is var left && left > TimeSpan.Zero && ReferenceEquals(context.Options.ControlPlane.TlsSource?.Invoke(), dialledAs))
        {
            await Task.Delay(dialledAs is not null && left > IdentityLook ? IdentityLook : left, context.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Until the connection ends: by either side, or because the control plane answers no heartbeat.</summary>
    /// <returns>Why it ended.</returns>
    private async Task<string> ServeAsync(TunnelServer server, Stream connection, CancellationToken cancellationToken)
    {
        await using var observed = new ObservedStream(connection, context.Time);
        await server.ServeAsync(observed, cancellationToken).ConfigureAwait(false);
        return await observed.Closed.ConfigureAwait(false);
    }
}
