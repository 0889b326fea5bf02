using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Client;
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
    private readonly TunnelExchange exchange;

    public TunnelHub(TimeProvider time, ILoggerFactory loggers)
    {
        this.time = time;
        logger = loggers.CreateLogger("Orrery.Hub");
        exchange = new TunnelExchange(time, logger);
        Handlers =
        [
            new TunnelHandler(this),
            new DataPlaneProxyHandler(this),
            new PodStreamHandler(this, "log"),
            new PodStreamHandler(this, "exec"),
            new PodStreamHandler(this, "attach"),
            new PodStreamHandler(this, "portforward"),
        ];
    }

    /// <summary>For the API server of the control plane: where satellites dial in, and what goes through their tunnels.</summary>
    public IReadOnlyList<ISubresourceHandler> Handlers { get; }

    /// <summary>Asks a data plane, and passes its answer on to the client.</summary>
    /// <exception cref="StatusException">503: not connected; 504: no answer.</exception>
    internal Task AskAsync(TunnelRequest asked, HttpContext http, CancellationToken cancellationToken) =>
        exchange.RunAsync(RouteTo(asked), asked, http, cancellationToken);

    private ITunnelRoute RouteTo(TunnelRequest asked)
    {
        if (open.TryGetValue(asked.DataPlane, out Tunnel? tunnel))
        {
            return tunnel;
        }

        string since = lost.TryGetValue(asked.DataPlane, out DateTimeOffset at) ? $" since {Conditions.Time(at)}" : "";
        throw ApiErrors.ServiceUnavailable($"{asked.Subject} data plane \"{asked.DataPlane}\", whose satellite is not connected{since}");
    }

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
