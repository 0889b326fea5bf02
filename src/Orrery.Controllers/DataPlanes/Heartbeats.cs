using System.Collections.Concurrent;
using System.Globalization;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.DataPlanes;

/// <summary>The last sign of life of one satellite.</summary>
/// <param name="Heard">By a clock of the control plane: a satellite's own may be wrong.</param>
/// <param name="ExpiresAt">Until when it vouches, by this process's clock.</param>
/// <param name="EndIsTold">Its end is that of a server, of which <see cref="Heartbeats.ServerChanged"/> tells: nobody need look for it at each satellite.</param>
internal readonly record struct Heartbeat(DateTimeOffset Heard, DateTimeOffset ExpiresAt, bool EndIsTold = false)
{
    /// <summary>Until when it was vouched for by who heard it. From then until <see cref="ExpiresAt"/> it is only waited for, as this process has just begun to look.</summary>
    public DateTimeOffset VouchedUntil { get; init; } = ExpiresAt;

    /// <summary>It opens tunnels again and again, and says nothing in them.</summary>
    public bool IsUnheard { get; init; }
}

/// <summary>
/// When each satellite was last heard. Satellites beat within their tunnels, which only the server that holds the tunnel hears: it says so when a
/// tunnel opens and when it has been gone for a while, and vouches for all that it holds with one Lease of its own. Where no server takes tunnels each
/// satellite renews its Lease itself.
/// </summary>
internal sealed class Heartbeats
{
    private static readonly TimeSpan UsualDuration = TimeSpan.FromSeconds(40);

    /// <summary>For how long after its start a process waits for satellites only because others come back.</summary>
    private static readonly TimeSpan LongestReturn = TimeSpan.FromMinutes(3);

    private readonly ConcurrentDictionary<string, ServerBeat> servers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ServerBeat> satellites = new(StringComparer.Ordinal);
    private readonly Informer tunnels;
    private readonly TimeProvider time;

    /// <summary>Timestamp: the time of day may be set back afterwards.</summary>
    private readonly long started;

    /// <summary>Timestamp of when a tunnel was last dialled anew.</summary>
    private long lastReturn;

    /// <param name="tunnels">Leases by the name of <see cref="OrreryNames.TunnelLease"/>.</param>
    /// <param name="servers">Leases with <see cref="OrreryNames.ServerLabel"/>.</param>
    public Heartbeats(Informer tunnels, Informer servers, TimeProvider time)
    {
        this.tunnels = tunnels;
        this.time = time;
        started = lastReturn = time.GetTimestamp();
        servers.Subscribe(OnServer);
        tunnels.Subscribe(OnTunnel);
    }

    /// <summary>A server is new, is heard again, is not heard any more, or took itself off the list. That it is heard as ever is no news to those that it holds.</summary>
    public event Action<string>? ServerChanged;

    /// <summary>A server has been heard: it is to be looked at (<see cref="LookAt"/>) when it has vouched for long enough.</summary>
    public event Action<string>? ServerHeard;

    /// <returns>Null for one that was never heard.</returns>
    public Heartbeat? Of(string dataPlane) =>
        tunnels.Get(ClusterName.Root, OrreryNames.DataPlaneNamespace(dataPlane), OrreryNames.TunnelLease) is not { } tunnel ? null
        : tunnel.TextAt("spec", "holderIdentity") is not { Length: > 0 } holder ? Of(tunnel, null, AwaitedSince, time.GetUtcNow())
        : holder == OrreryNames.SatelliteHolder ? (satellites.TryGetValue(tunnel.Namespace, out ServerBeat own) ? new Heartbeat(own.Heard, Later(own.Heard, At(started)) + own.Lasts) { VouchedUntil = own.Heard + own.Lasts } : null)
        : servers.TryGetValue(holder, out ServerBeat beat) ? Of(tunnel, beat, AwaitedSince, time.GetUtcNow()) is { } held ? held with { EndIsTold = beat.Heard + beat.Lasts > time.GetUtcNow() } : null
        : Of(tunnel, null, AwaitedSince, time.GetUtcNow());

    /// <summary>What a satellite speaks that is not let in for it; null for one that is understood, or says nothing.</summary>
    public string? SpeaksOtherwise(string dataPlane) =>
        tunnels.Get(ClusterName.Root, OrreryNames.DataPlaneNamespace(dataPlane), OrreryNames.TunnelLease) is { } tunnel && tunnel.TextAt("spec", "holderIdentity") is not { Length: > 0 }
            && tunnel.Annotations.GetValueOrDefault(OrreryNames.UnheardAnnotation) is { } why && why != OrreryNames.UnheardAsSilent ? why : null;

    /// <returns>Null where no second satellite was refused lately.</returns>
    public SecondSatellite? SecondOf(string dataPlane) =>
        SecondSatellite.Parse(tunnels.Get(ClusterName.Root, OrreryNames.DataPlaneNamespace(dataPlane), OrreryNames.TunnelLease)?.Annotations.GetValueOrDefault(OrreryNames.SecondSatelliteAnnotation)) is { } second
            && (time.GetUtcNow() - second.At).Duration() < SecondSatellite.Lasts ? second : null;

    /// <summary>
    /// While those that lost a server come back, one after the other, the others are waited for: a fleet that dials at once takes as long as its handshakes do, and to call the later ones silent
    /// would only make it longer.
    /// </summary>
    private DateTimeOffset AwaitedSince => Since(At(started), At(Interlocked.Read(ref lastReturn)));

    /// <summary>What the time of day was then, by the clock of now.</summary>
    private DateTimeOffset At(long timestamp) => time.GetUtcNow() - time.GetElapsedTime(timestamp);

    internal static DateTimeOffset Since(DateTimeOffset started, DateTimeOffset lastReturn)
    {
        DateTimeOffset since = Later(started, lastReturn);
        return since < started + LongestReturn ? since : started + LongestReturn;
    }

    /// <summary>Whether a satellite has come back: its tunnel is held by another server than before.</summary>
    internal static bool IsReturn(InformerChange change) =>
        change.Old?.TextAt("spec", "holderIdentity") is { Length: > 0 } former && change.Current?.TextAt("spec", "holderIdentity") is { Length: > 0 } holder && holder != former;

    /// <summary>For how long a server still vouches for its tunnels, as far as it has been heard; null for one that is not heard any more, of which is told here.</summary>
    public TimeSpan? LookAt(string server)
    {
        if (!servers.TryGetValue(server, out ServerBeat beat))
        {
            return null;
        }

        TimeSpan left = beat.Heard + beat.Lasts - time.GetUtcNow();
        if (left > TimeSpan.Zero)
        {
            return left;
        }

        ServerChanged?.Invoke(server);
        return null;
    }

    /// <summary>The data planes whose tunnel a server holds, as far as is known.</summary>
    public IEnumerable<string> HeldBy(string server) =>
        tunnels.All()
            .Where(t => t.TextAt("spec", "holderIdentity") == server && t.Namespace.StartsWith(OrreryNames.DataPlaneNamespacePrefix, StringComparison.Ordinal))
            .Select(t => t.Namespace[OrreryNames.DataPlaneNamespacePrefix.Length..]);

    /// <param name="holder">What is known of the server that holds the tunnel.</param>
    /// <param name="since">
    /// When this process began to look, or when a satellite last came back after that: whatever was written before is given time to prove itself from then on, since while no controller ran there may
    /// have been no server either to hear anybody, and a fleet must not fall silent because its control plane was restarted.
    /// </param>
    /// <param name="now">What a server whose clock was ahead wrote is not believed: it would vouch until then.</param>
    internal static Heartbeat? Of(KubeObject tunnel, ServerBeat? holder, DateTimeOffset since, DateTimeOffset now)
    {
        if (TimeAt(tunnel, "renewTime") is not { } written)
        {
            return null;
        }

        written = written <= now + UsualDuration ? written : since;
        if (tunnel.TextAt("spec", "holderIdentity") is not { Length: > 0 })
        {
            return new Heartbeat(written, written) { IsUnheard = tunnel.Annotations.ContainsKey(OrreryNames.UnheardAnnotation) };
        }

        DateTimeOffset heard = holder is { } known && known.Heard > written ? known.Heard : written;
        TimeSpan lasts = holder?.Lasts ?? UsualDuration;
        return new Heartbeat(heard, Later(heard, since) + lasts) { VouchedUntil = heard + lasts };
    }

    /// <summary>
    /// A renewal seen to happen counts from now. The first look at a lease cannot tell when it was renewed but by what it says, which is
    /// believed only as far as it lies in the past.
    /// </summary>
    internal static ServerBeat? Next(ServerBeat? last, KubeObject lease, DateTimeOffset now)
    {
        if (lease.TextAt("spec", "renewTime") is not { } renewed || TimeAt(lease, "renewTime") is not { } said)
        {
            return last;
        }

        TimeSpan lasts = lease.NumberAt("spec", "leaseDurationSeconds") is > 0 and long seconds ? TimeSpan.FromSeconds(seconds) : UsualDuration;
        return last is { } known && known.RenewTime == renewed ? known with { Lasts = lasts }
            : new ServerBeat(renewed, last is null && said < now ? said : now, lasts);
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static DateTimeOffset? TimeAt(KubeObject lease, string field) =>
        DateTimeOffset.TryParse(lease.TextAt("spec", field), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset said) ? said : null;

    /// <summary>What a satellite writes as its time is its own clock's: that it wrote anew is what counts.</summary>
    private void OnTunnel(InformerChange change)
    {
        if (IsReturn(change))
        {
            Interlocked.Exchange(ref lastReturn, time.GetTimestamp());
        }

        if (change.Current is not { } lease || lease.TextAt("spec", "holderIdentity") != OrreryNames.SatelliteHolder)
        {
            satellites.TryRemove(change.Key.Namespace, out _);
        }
        else if (Next(satellites.TryGetValue(lease.Namespace, out ServerBeat known) ? known : null, lease, time.GetUtcNow()) is { } next)
        {
            satellites[lease.Namespace] = next;
        }
    }

    /// <summary>A server whose Lease was deleted keeps the time that it had: its tunnels are dialled again elsewhere meanwhile.</summary>
    private void OnServer(InformerChange change)
    {
        string name = change.Latest.Labels.GetValueOrDefault(OrreryNames.ServerLabel, "");
        DateTimeOffset now = time.GetUtcNow();
        ServerBeat? last = servers.TryGetValue(name, out ServerBeat known) ? known : null;
        if (change.Current is { } lease && Next(last, lease, now) is { } next)
        {
            servers[name] = next;
            ServerHeard?.Invoke(name);
        }

        if (last is null || last.Value.Heard + last.Value.Lasts <= now || change.IsDeleted)
        {
            ServerChanged?.Invoke(name);
        }
    }
}

/// <summary>The last sign of life of one server, or of a satellite that beats by a Lease.</summary>
/// <param name="Lasts">For how long it vouches.</param>
internal readonly record struct ServerBeat(string RenewTime, DateTimeOffset Heard, TimeSpan Lasts);
