using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Handlers;
using Orrery.Server.Transport.Sockets;

namespace Orrery.Hub;

/// <summary>
/// The satellites that are connected to this server, and what is asked of them; those that are connected to another server of the same control plane are
/// asked there. All of it is in memory: a satellite whose server went dials again.
/// </summary>
public sealed class TunnelHub
{
    private readonly ConcurrentDictionary<string, Tunnel> open = new(StringComparer.Ordinal);
    private readonly HeldTunnels held = new();
    private readonly TunnelLooks looks;
    private readonly ConcurrentDictionary<string, DateTimeOffset> lost = new(StringComparer.Ordinal);
    private readonly TunnelShares shares = new();
    private readonly TunnelContests contests;
    private readonly TunnelSilences silences = new();
    private readonly TunnelReturns returns;
    private readonly TunnelHubOptions options;
    private readonly ILogger logger;
    private readonly TunnelExchange exchange;
    private TunnelRecords? records;
    private KubeClient? client;
    private Peers? peers;
    private TunnelGuard? guard;
    private EventRecorder? events;
    private Uri? own;

    public TunnelHub(TunnelHubOptions options)
    {
        this.options = options;
        contests = new TunnelContests(options.Time);
        returns = new TunnelReturns(options.SilenceGrace, options.Time);
        looks = new TunnelLooks(options.Heartbeat, options.Time);
        logger = options.Loggers.CreateLogger("Orrery.Hub");
        exchange = new TunnelExchange(options.Time, logger);
        Beats = new BeatSlots(options.Heartbeat, options.Time);
        Seconds = new SecondSatellites(this, options.Time, logger);
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
        var looking = new TunnelGuard(this, api, options);
        var telling = new EventRecorder(api, "orrery-hub", options.Time, options.Loggers);
        (records, peers, guard, client, events, own) = (written, known, looking, api, telling, access.Address);
        try
        {
            foreach (string dataPlane in Connected)
            {
                written.Changed(dataPlane);
            }

            await Together.RunAsync([new ServerRegistration(api, server, access.Address, options).RunAsync, known.RunAsync, written.RunAsync, looking.RunAsync, telling.RunAsync, looks.RunAsync], cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            (records, peers, guard, client, events, own) = (null, null, null, null, null, null);
        }
    }

    /// <summary>Ends the tunnel of a data plane, if it ends here; its satellite dials again, and must be let in again.</summary>
    public ValueTask DisconnectAsync(string dataPlane) => Find(dataPlane)?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>The API of one virtual cluster, as this server.</summary>
    /// <exception cref="StatusException">503: the hub is only starting.</exception>
    internal KubeClient In(ClusterName cluster) => client?.InCluster(cluster) ?? throw ApiErrors.ServiceUnavailable("this server is still starting");

    /// <summary>Null while the hub is only starting.</summary>
    internal KubeClient? Root => client;

    /// <summary>How many tunnels end here; for a while a data plane has two, when its satellite has renewed its certificate.</summary>
    public int Count => held.Count;

    /// <summary>All tunnels that end here, also those that another has taken the place of and through which something still goes.</summary>
    internal HeldTunnels Held => held;

    /// <summary>How many requests wait for data planes that are known to come back.</summary>
    internal int Waiting => returns.Waiting;

    internal TimeProvider Time => options.Time;

    internal BeatSlots Beats { get; }

    /// <summary>Who is let in beside whom.</summary>
    internal SecondSatellites Seconds { get; }

    internal Tunnel? Find(string dataPlane) => open.GetValueOrDefault(dataPlane);

    /// <summary>Since when a data plane is not connected, as far as this server saw it go.</summary>
    internal DateTimeOffset? LostAt(string dataPlane) => lost.TryGetValue(dataPlane, out DateTimeOffset at) ? at : null;

    /// <summary>Whether a data plane opens tunnels here again and again, and is heard in none.</summary>
    internal bool IsUnheard(string dataPlane) => silences.AreMany(dataPlane) && Find(dataPlane) is not { HasBeaten: true };

    /// <summary>Whether a tunnel is of a DataPlane that there is no more.</summary>
    internal bool IsOfFormer(Tunnel tunnel) => guard?.IsOfFormer(tunnel) == true;

    /// <summary>What the satellite speaks instead of what this server does; null when they understand each other.</summary>
    internal string? SpeaksOtherwise(string dataPlane) => Find(dataPlane) is null ? silences.Otherwise(dataPlane) : null;

    /// <summary>A satellite was not let in, as it wants a tunnel of a kind that this server does not know.</summary>
    internal void Refused(string dataPlane, string speaks)
    {
        silences.Refused(dataPlane, speaks);
        records?.Changed(dataPlane);
    }

    /// <summary>A second satellite was refused.</summary>
    /// <param name="message">For the Event that tells of it; null where that was told lately.</param>
    internal void Refused(KubeObject dataPlane, string? message)
    {
        if (message is not null)
        {
            Warn(dataPlane.Name, dataPlane.Uid, SecondSatellite.Event, message);
        }

        records?.Changed(dataPlane.Name);
    }

    /// <summary>The way to the tunnel where another server holds it for another process of the satellite; null where that is not known.</summary>
    /// <param name="instance">Of the one who asks.</param>
    internal (ITunnelRoute Route, TunnelHolder Holder)? Elsewhere(string dataPlane, string instance) =>
        records?.HolderElsewhere(dataPlane) is { Instance.Length: > 0 } holder && holder.Instance != instance && RouteTo(holder.Server) is { } route ? (route, holder) : null;

    /// <summary>Asks a data plane, and passes its answer on to the client. One that is known to come back in a moment is waited for.</summary>
    /// <exception cref="StatusException">503: not connected; 504: no answer; 429: too many of the same tenant.</exception>
    internal async Task AskAsync(TunnelRequest asked, HttpContext http, CancellationToken cancellationToken)
    {
        // Which one it was also stands in the audit log of a request that names none, such as for a Service, or that is refused.
        AuditAnnotation.Add(http, OrreryNames.DataPlaneLabel, asked.DataPlane);
        if (asked.Tenant.Length == 0)
        {
            await AskAsync(await ComingAsync(asked, RouteTo, cancellationToken).ConfigureAwait(false), asked, http, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (!shares.TryEnter(asked.DataPlane, asked.Tenant))
        {
            throw ApiErrors.TooManyRequests($"{asked.Subject} data plane \"{asked.DataPlane}\", of which {TunnelShares.Most} logs, streams and proxied requests are open already", retryAfterSeconds: 1);
        }

        try
        {
            await AskAsync(await ComingAsync(asked, RouteTo, cancellationToken).ConfigureAwait(false), asked, http, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            shares.Leave(asked.DataPlane, asked.Tenant);
        }
    }

    /// <summary>Asks a data plane for one object, whatever else is asked beside.</summary>
    /// <exception cref="StatusException">503: not connected; 504: no answer; and whatever it refuses.</exception>
    internal Task<KubeObject> FetchAsync(TunnelRequest asked, HttpContext http, CancellationToken cancellationToken) =>
        ThroughAsync(RouteTo(asked) ?? throw NotConnected(asked), route => exchange.FetchAsync(route, asked, http, cancellationToken));

    /// <summary>Asks for another server, which took this one for the holder of the tunnel.</summary>
    /// <exception cref="StatusException">503: it is not, or not any more.</exception>
    internal async Task RelayAsync(TunnelRequest asked, HttpContext http, CancellationToken cancellationToken) => await AskAsync(
        await ComingAsync(asked, a => TunnelTo(a.DataPlane), cancellationToken).ConfigureAwait(false), asked, http, cancellationToken).ConfigureAwait(false);

    /// <summary>Asks for another server whether the satellite lives whose tunnel ends here.</summary>
    /// <param name="dataPlane">As it is now.</param>
    /// <exception cref="StatusException">503: none does that would still be let in. It is not waited for.</exception>
    internal Task RelayReadyAsync(KubeObject dataPlane, TunnelRequest asked, HttpContext http, CancellationToken cancellationToken) =>
        Find(asked.DataPlane) is { } tunnel && tunnel.Credential.IsGood(dataPlane, options.Time.GetUtcNow()) && TunnelTo(asked.DataPlane) is { } entered
            ? AskAsync(entered, asked, http, cancellationToken) : throw NotConnected(asked);

    private Task AskAsync(ITunnelRoute route, TunnelRequest asked, HttpContext http, CancellationToken cancellationToken) => ThroughAsync(route, async entered =>
    {
        await exchange.RunAsync(entered, asked, http, cancellationToken).ConfigureAwait(false);
        return true;
    });

    /// <param name="route">Entered already.</param>
    private static async Task<T> ThroughAsync<T>(ITunnelRoute route, Func<ITunnelRoute, Task<T>> ask)
    {
        try
        {
            return await ask(route).ConfigureAwait(false);
        }
        finally
        {
            await route.LeaveAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Holds a tunnel until it ends. A later one of the same data plane takes its place: a satellite that dials again has given up the former, which
    /// a broken network may keep looking alive for a while.
    /// </summary>
    /// <remarks>
    /// One that the same process opened with another certificate ends once nothing goes through it any more, or that certificate ends. One of another process gave no answer (<see cref="SecondSatellites"/>), and ends.
    /// </remarks>
    /// <param name="carrier">The connection below, if it can rest.</param>
    internal async Task HoldAsync(
        string dataPlane, TunnelCredential credential, Stream connection, ObservedStream heard, IRestingConnection? carrier, string remote, CancellationToken cancellationToken)
    {
        await using var tunnel = new Tunnel(dataPlane, credential, connection, heard, options.Heartbeat, options.Time) { Carrier = carrier, Remote = remote };
        Tunnel? former = null;
        held.Add(tunnel);
        looks.Opened(tunnel);
        open.AddOrUpdate(dataPlane, tunnel, (_, present) =>
        {
            former = present;
            return tunnel;
        });
        if (former is not null)
        {
            // What was written of the former holds for this one.
            tunnel.IsWritten = former.IsWritten;
            if (former.Credential.Instance != credential.Instance)
            {
                Log.TunnelReplaced(logger, dataPlane, remote);
                await former.EndAsync("another process of its satellite is connected, and this one gave no answer").ConfigureAwait(false);
            }
            else if (former.Credential.Digest == credential.Digest)
            {
                Log.TunnelReplaced(logger, dataPlane, remote);
                if (former.Quiet < options.Heartbeat * 2 && contests.TakenOver(dataPlane))
                {
                    Warn(
                        dataPlane,
                        credential.DataPlaneUid,
                        "TunnelTakenOver",
                        $"Its tunnel was taken over {TunnelContests.Many} times by the same certificate while it was heard, at last by {remote} from {former.Remote}: its connection breaks again and again"
                            + (credential.Instance.Length > 0 ? "" : $", or two satellites have copies of one Secret ('orrery data-plane revoke {dataPlane}' shuts out both, another token lets in one)"));
                }

                await former.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                Log.TunnelRenewed(logger, dataPlane);
                await former.RetireAsync().ConfigureAwait(false);
            }
        }

        silences.Opened(dataPlane);
        returns.Opened(dataPlane);
        Seconds.LetIn(dataPlane, credential.Instance);
        Log.TunnelOpen(logger, dataPlane, remote);
        records?.Changed(dataPlane);
        guard?.Opened(dataPlane);
        string reason = "its connection ended";
        try
        {
            reason = await tunnel.Closed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            held.Remove(tunnel);
            silences.Ended(tunnel);
            if (open.TryRemove(new KeyValuePair<string, Tunnel>(dataPlane, tunnel)))
            {
                lost[dataPlane] = tunnel.LastHeard;
                if (tunnel.Ended is null && !tunnel.IsGivenUp)
                {
                    returns.Broke(dataPlane);
                }

                records?.Changed(dataPlane);
            }

            Log.TunnelClosed(logger, dataPlane, tunnel.Ended ?? reason);
        }
    }

    /// <summary>The tunnel that ends here, entered; null when there is none.</summary>
    private Tunnel? TunnelTo(string dataPlane)
    {
        // One that refuses is being replaced: the next is there already.
        while (open.TryGetValue(dataPlane, out Tunnel? tunnel))
        {
            if (tunnel.TryEnter())
            {
                return tunnel;
            }

            if (open.TryGetValue(dataPlane, out Tunnel? now) && ReferenceEquals(now, tunnel))
            {
                return null;
            }
        }

        return null;
    }

    /// <returns>Null where no server is known to hold its tunnel.</returns>
    private ITunnelRoute? RouteTo(TunnelRequest asked) =>
        TunnelTo(asked.DataPlane) is { } tunnel ? tunnel : records?.HolderElsewhere(asked.DataPlane) is { } holder ? RouteTo(holder.Server) : null;

    /// <returns>Null for one that did not register, and for a former one at this one's own address.</returns>
    private ITunnelRoute? RouteTo(string server) => peers is { } others && own is { } here && !others.IsAt(server, here) ? others.RouteTo(server) : null;

    private void Warn(string dataPlane, string uid, string reason, string message) => events?.Warning(
        KubeObject.From(new JsonObject { ["apiVersion"] = OrreryResources.ApiVersion, ["kind"] = "DataPlane", ["metadata"] = new JsonObject { ["name"] = dataPlane, ["uid"] = uid } }), reason, message);

    /// <param name="find">Where it is connected now.</param>
    private async Task<ITunnelRoute> ComingAsync(TunnelRequest asked, Func<TunnelRequest, ITunnelRoute?> find, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (find(asked) is { } route)
            {
                return route;
            }

            TimeSpan left = returns.Left(asked.DataPlane, records?.IsHeld(asked.DataPlane) != false);
            if (left <= TimeSpan.Zero)
            {
                throw NotConnected(asked);
            }

            await returns.WaitAsync(left, cancellationToken).ConfigureAwait(false);
        }
    }

    private StatusException NotConnected(TunnelRequest asked)
    {
        string since = LostAt(asked.DataPlane) is { } at ? $" since {Conditions.Time(at)}" : "";
        return ApiErrors.ServiceUnavailable($"{asked.Subject} data plane \"{asked.DataPlane}\", whose satellite is not connected{since}");
    }
}
