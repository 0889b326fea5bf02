using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orrery.Server.Handlers;

namespace Orrery.Hub;

/// <summary>
/// The satellites that are connected to this server, and what is asked of them. All of it is in memory: a satellite whose server went dials
/// again.
/// </summary>
public sealed class TunnelHub
{
    private readonly ConcurrentDictionary<string, Tunnel> open = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> lost = new(StringComparer.Ordinal);
    private readonly TimeProvider time;
    private readonly ILogger logger;

    public TunnelHub(TimeProvider time, ILoggerFactory loggers)
    {
        this.time = time;
        logger = loggers.CreateLogger("Orrery.Hub");
        Handlers =
        [
            new TunnelHandler(this),
            new PodStreamHandler(this, "log", time, logger),
            new PodStreamHandler(this, "exec", time, logger),
            new PodStreamHandler(this, "attach", time, logger),
            new PodStreamHandler(this, "portforward", time, logger),
        ];
    }

    /// <summary>For the API server of the control plane: where satellites dial in, and what goes through their tunnels.</summary>
    public IReadOnlyList<ISubresourceHandler> Handlers { get; }

    internal Tunnel? Find(string dataPlane) => open.GetValueOrDefault(dataPlane);

    /// <summary>Since when a data plane is not connected, as far as this server saw it go.</summary>
    internal DateTimeOffset? LostAt(string dataPlane) => lost.TryGetValue(dataPlane, out DateTimeOffset at) ? at : null;

    /// <summary>
    /// Holds a tunnel until it ends. A later one of the same data plane takes its place: a satellite that dials again has given up the former, which
    /// a broken network may keep looking alive for a while.
    /// </summary>
    internal async Task HoldAsync(string dataPlane, Stream connection, string remote, CancellationToken cancellationToken)
    {
        await using var tunnel = new Tunnel(dataPlane, connection);
        using (var limit = new CancellationTokenSource(Tunnel.Heartbeat, time))
        using (var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token))
        {
            await tunnel.ProbeAsync(both.Token).ConfigureAwait(false);
        }

        Tunnel? former = null;
        open.AddOrUpdate(dataPlane, tunnel, (_, present) =>
        {
            former = present;
            return tunnel;
        });
        if (former is not null)
        {
            Log.TunnelReplaced(logger, dataPlane, remote);
            await former.DisposeAsync().ConfigureAwait(false);
        }

        Log.TunnelOpen(logger, dataPlane, remote);
        string reason = "the server stops";
        try
        {
            reason = await tunnel.Closed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (open.TryRemove(new KeyValuePair<string, Tunnel>(dataPlane, tunnel)))
            {
                lost[dataPlane] = time.GetUtcNow();
            }

            Log.TunnelClosed(logger, dataPlane, reason);
        }
    }
}
