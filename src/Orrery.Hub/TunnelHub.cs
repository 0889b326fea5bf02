using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Handlers;

namespace Orrery.Hub;

/// <summary>
/// The satellites that are connected to this server, and what is asked of them; those that are connected to another server of the same control plane are
/// asked there. All of it is in memory: a satellite whose server went dials again.
/// </summary>
public sealed class TunnelHub
{
    private readonly ConcurrentDictionary<string, Tunnel> open = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> lost = new(StringComparer.Ordinal);
    private readonly TunnelHubOptions options;
    private readonly ILogger logger;
    private readonly TunnelExchange exchange;
    private TunnelRecords? records;
    private KubeClient? client;
    private Peers? peers;

    public TunnelHub(TunnelHubOptions options)
    {
        this.options = options;
        logger = options.Loggers.CreateLogger("Orrery.Hub");
        exchange = new TunnelExchange(options.Time, logger);
        Handlers =
        [
            new TunnelHandler(this),
            new RelayHandler(this),
            new DataPlaneProxyHandler(this),
            new PodProxyHandler(this),
            new ServiceProxyHandler(this),
            new PodStreamHandler(this, "log"),
            new PodStreamHandler(this, "exec"),
            new PodStreamHandler(this, "attach"),
            new PodStreamHandler(this, "portforward"),
        ];
        Groups = [new MetricsHandler(this)];
    }

    /// <summary>For the API server of the control plane: where satellites dial in, and what goes through their tunnels.</summary>
    public IReadOnlyList<ISubresourceHandler> Handlers { get; }

    /// <summary>For the same server: groups that virtual clusters have of their data planes.</summary>
    public IReadOnlyList<IGroupHandler> Groups { get; }

    /// <summary>The data planes whose tunnels end here, in no particular order.</summary>
    public IEnumerable<string> Connected => open.Keys;

    /// <summary>
    /// Registers this server, says which tunnels it holds and learns which ones others hold, until cancelled. Tunnels are taken without it too, but
    /// nobody else knows of them.
    /// </summary>
    public async Task RunAsync(HubAccess access, CancellationToken cancellationToken)
    {
        using var api = new KubeClient(access.Api, options.Time);
        using var known = new Peers(api, access.Api, options);

        // A name of this run: what a former one said of itself is not this one's to keep up.
        string server = RandomNumberGenerator.GetHexString(10, lowercase: true);
        var written = new TunnelRecords(this, api, server, options);
        (records, peers, client) = (written, known, api);
        try
        {
            foreach (string dataPlane in Connected)
            {
                written.Changed(dataPlane);
            }

            await Together.RunAsync([new ServerRegistration(api, server, access.Address, options).RunAsync, known.RunAsync, written.RunAsync], cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            (records, peers, client) = (null, null, null);
        }
    }

    /// <summary>Ends the tunnel of a data plane, if it ends here; its satellite dials again, and must be let in again.</summary>
    public ValueTask DisconnectAsync(string dataPlane) => Find(dataPlane)?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>The API of one virtual cluster, as this server.</summary>
    /// <exception cref="StatusException">503: the hub is only starting.</exception>
    internal KubeClient In(ClusterName cluster) => client?.InCluster(cluster) ?? throw ApiErrors.ServiceUnavailable("this server is still starting");

    /// <summary>Null while the hub is only starting.</summary>
    internal KubeClient? Root => client;

    internal Tunnel? Find(string dataPlane) => open.GetValueOrDefault(dataPlane);

    /// <summary>Since when a data plane is not connected, as far as this server saw it go.</summary>
    internal DateTimeOffset? LostAt(string dataPlane) => lost.TryGetValue(dataPlane, out DateTimeOffset at) ? at : null;

    /// <summary>Asks a data plane, and passes its answer on to the client.</summary>
    /// <exception cref="StatusException">503: not connected; 504: no answer.</exception>
    internal Task AskAsync(TunnelRequest asked, HttpContext http, CancellationToken cancellationToken) =>
        exchange.RunAsync(RouteTo(asked), asked, http, cancellationToken);

    /// <summary>Asks a data plane for one object, whatever else is asked beside.</summary>
    /// <exception cref="StatusException">503: not connected; 504: no answer; and whatever it refuses.</exception>
    internal Task<KubeObject> FetchAsync(TunnelRequest asked, HttpContext http, CancellationToken cancellationToken) =>
        exchange.FetchAsync(RouteTo(asked), asked, http, cancellationToken);

    /// <summary>Asks for another server.</summary>
    internal Task RelayAsync(ITunnelRoute route, TunnelRequest asked, HttpContext http, CancellationToken cancellationToken) =>
        exchange.RunAsync(route, asked, http, cancellationToken);

    /// <summary>
    /// Holds a tunnel until it ends. A later one of the same data plane takes its place: a satellite that dials again has given up the former, which
    /// a broken network may keep looking alive for a while.
    /// </summary>
    internal async Task HoldAsync(string dataPlane, Stream connection, string remote, CancellationToken cancellationToken)
    {
        await using var tunnel = new Tunnel(dataPlane, connection, options);
        using (var limit = new CancellationTokenSource(options.Heartbeat, options.Time))
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
            // What was written of the former holds for this one.
            tunnel.IsWritten = former.IsWritten;
            Log.TunnelReplaced(logger, dataPlane, remote);
            await former.DisposeAsync().ConfigureAwait(false);
        }

        Log.TunnelOpen(logger, dataPlane, remote);
        records?.Changed(dataPlane);
        string reason = "the server stops";
        try
        {
            reason = await tunnel.Closed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (open.TryRemove(new KeyValuePair<string, Tunnel>(dataPlane, tunnel)))
            {
                lost[dataPlane] = tunnel.LastHeard;
                records?.Changed(dataPlane);
            }

            Log.TunnelClosed(logger, dataPlane, reason);
        }
    }

    private ITunnelRoute RouteTo(TunnelRequest asked)
    {
        if (open.TryGetValue(asked.DataPlane, out Tunnel? tunnel))
        {
            return tunnel;
        }

        if (records?.HolderElsewhere(asked.DataPlane) is { } holder && peers?.RouteTo(holder) is { } peer)
        {
            return peer;
        }

        string since = LostAt(asked.DataPlane) is { } at ? $" since {Conditions.Time(at)}" : "";
        throw ApiErrors.ServiceUnavailable($"{asked.Subject} data plane \"{asked.DataPlane}\", whose satellite is not connected{since}");
    }
}
