using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Hub;

/// <summary>
/// Writes down which server holds the tunnel of each data plane, and reads it for the others. Only what changed is written: that a tunnel stands here,
/// and that one has been gone for a while. One that comes and goes is written less and less often.
/// </summary>
internal sealed class TunnelRecords : IReconciler<string>
{
    /// <summary>One that went again within this time was not worth writing; one that holds longer has a clean slate.</summary>
    private static readonly TimeSpan Stable = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan FormerLook = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan FirstHold = TimeSpan.FromSeconds(5);

    /// <summary>How often it is noted at most that a second satellite is refused: seldom enough to cost nothing, and again before the last note is forgotten.</summary>
    private static readonly TimeSpan NotePace = SecondSatellite.Lasts / 3;

    private readonly TunnelHub hub;
    private readonly KubeClient api;
    private readonly string server;
    private readonly TunnelHubOptions options;
    private readonly Informer records;
    private readonly ReconcilerHost<string> host;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<string, Flaps> flaps = new(StringComparer.Ordinal);

    public TunnelRecords(TunnelHub hub, KubeClient api, string server, TunnelHubOptions options)
    {
        this.hub = hub;
        this.api = api;
        this.server = server;
        this.options = options;
        logger = options.Loggers.CreateLogger("Orrery.Hub");
        records = new Informer(api, HubResources.Leases, new InformerOptions
        {
            Transform = InformerOptions.WithoutManagedFields,
            FieldSelector = "metadata.name=" + OrreryNames.TunnelLease,
            Time = options.Time,
            Loggers = options.Loggers,
        });
        host = new ReconcilerHost<string>("tunnels", this, new ReconcilerOptions<string>
        {
            Workers = 8,
            LevelKeys = () => hub.Connected,
            Needs = [records],
            Time = options.Time,
            Loggers = options.Loggers,
        });
        records.Subscribe(change =>
        {
            // Another server says that the tunnel is its own now, or somebody deleted what was said.
            if (change.Key.Namespace.StartsWith(OrreryNames.DataPlaneNamespacePrefix, StringComparison.Ordinal)
                && change.Current?.TextAt("spec", "holderIdentity") != server)
            {
                host.Queue.Add(change.Key.Namespace[OrreryNames.DataPlaneNamespacePrefix.Length..]);
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(records.RunAsync(cancellationToken), host.RunAsync(cancellationToken));

    /// <summary>The tunnel of a data plane opened or ended here.</summary>
    public void Changed(string dataPlane) => host.Queue.Add(dataPlane);

    /// <returns>Null when no server holds the tunnel, or this one does.</returns>
    public TunnelHolder? HolderElsewhere(string dataPlane) =>
        Record(dataPlane) is { } record && record.TextAt("spec", "holderIdentity") is { Length: > 0 } holder && holder != server
            ? new TunnelHolder(holder, InstanceIn(record), record.TextAt("spec", "acquireTime") ?? "") : null;

    /// <summary>Whether a server, this one or another, is said to hold the tunnel, or that is not known yet.</summary>
    public bool IsHeld(string dataPlane) => !records.HasSynced.IsCompleted || Record(dataPlane)?.TextAt("spec", "holderIdentity") is { Length: > 0 };

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        KubeObject? record = Record(key);
        string holder = record?.TextAt("spec", "holderIdentity") ?? "";
        DateTimeOffset now = options.Time.GetUtcNow();
        bool isUnheard = hub.IsUnheard(key);
        string? why = hub.SpeaksOtherwise(key) ?? (isUnheard && record is not null ? OrreryNames.UnheardAsSilent : null);
        if (why is not null && holder is "" && record?.Annotations.GetValueOrDefault(OrreryNames.UnheardAnnotation) != why)
        {
            records.Observe(record = await MarkAsync(key, record, OrreryNames.UnheardAnnotation, why, cancellationToken).ConfigureAwait(false));
        }

        if (record is not null && hub.Seconds.Untold(key) is { } second)
        {
            if (second.Instance != InstanceIn(record) && !(SecondSatellite.Parse(record.Annotations.GetValueOrDefault(OrreryNames.SecondSatelliteAnnotation)) is { } noted && (now - noted.At).Duration() < NotePace))
            {
                records.Observe(record = await MarkAsync(key, record, OrreryNames.SecondSatelliteAnnotation, new SecondSatellite(now, second.Address).ToString(), cancellationToken).ConfigureAwait(false));
            }

            hub.Seconds.Told(key, second);
        }

        if (hub.Find(key) is { } tunnel)
        {
            if (holder == server && InstanceIn(record) == tunnel.Credential.Instance)
            {
                tunnel.IsWritten = true;
                return ReconcileResult.Done;
            }

            // 1. It was written as ours, and is another's now: the satellite dialled there since.
            if (tunnel.IsWritten && holder.Length > 0 && holder != server)
            {
                Log.TunnelMoved(logger, key, holder);
                await tunnel.DisposeAsync().ConfigureAwait(false);
                return ReconcileResult.Done;
            }

            // 2. It opened here, or another process of its satellite did. Where none was heard before it, it is to be heard first.
            Flaps past = flaps.GetValueOrDefault(key);
            TimeSpan hold = isUnheard ? now - tunnel.OpenedAt + (options.Heartbeat / 4) : past.Count < 2 ? TimeSpan.Zero : Shorter(FirstHold * Math.Pow(2, past.Count - 2), Stable);
            if (tunnel.OpenedAt + hold > now)
            {
                return ReconcileResult.After(tunnel.OpenedAt + hold - now);
            }

            if (hub.IsOfFormer(tunnel))
            {
                // It ends in a moment, and another of its name was never heard.
                return ReconcileResult.After(FormerLook);
            }

            await WriteAsync(key, record, server, tunnel.Credential.Instance, now, cancellationToken).ConfigureAwait(false);
            tunnel.IsWritten = true;
            flaps[key] = past with { Opened = now };
            return ReconcileResult.Done;
        }

        // 3. It was here, and has been gone for long enough to say so.
        if (holder == server)
        {
            DateTimeOffset heard = hub.LostAt(key) ?? now;
            if (heard + options.SilenceGrace > now)
            {
                return ReconcileResult.After(heard + options.SilenceGrace - now);
            }

            await WriteAsync(key, record, "", "", heard, cancellationToken).ConfigureAwait(false);
            Flaps past = flaps.GetValueOrDefault(key);
            flaps[key] = past with { Count = heard - past.Opened < Stable ? past.Count + 1 : 0 };
        }

        return ReconcileResult.Done;
    }

    private KubeObject? Record(string dataPlane) => records.Get(ClusterName.Root, OrreryNames.DataPlaneNamespace(dataPlane), OrreryNames.TunnelLease);

    /// <summary>Which process of the satellite opened the tunnel that is recorded; empty where that is not known.</summary>
    private static string InstanceIn(KubeObject? record) => record?.Annotations.GetValueOrDefault(OrreryNames.InstanceAnnotation) ?? "";

    private async Task WriteAsync(string dataPlane, KubeObject? record, string holder, string instance, DateTimeOffset heard, CancellationToken cancellationToken)
    {
        string ns = OrreryNames.DataPlaneNamespace(dataPlane);
        JsonObject body = record?.ToJsonObject() ?? LeaseJson.Make(ns, OrreryNames.TunnelLease);
        var spec = new JsonObject
        {
            ["renewTime"] = LeaseJson.MicroTime(heard),
            ["leaseTransitions"] = (record?.NumberAt("spec", "leaseTransitions") ?? -1) + 1,
        };
        if (holder.Length > 0)
        {
            spec["holderIdentity"] = holder;
            spec["acquireTime"] = LeaseJson.MicroTime(heard);
        }

        body["spec"] = spec;
        if (holder.Length > 0)
        {
            (body.Metadata["annotations"] as JsonObject)?.Remove(OrreryNames.UnheardAnnotation);
            SetInstance(body, instance, InstanceIn(record));
        }

        // On the condition that nobody wrote since: where two servers think that it is theirs, one of them looks again.
        records.Observe(await (record is null
            ? api.CreateAsync(HubResources.Leases, ns, body, cancellationToken)
            : api.UpdateAsync(HubResources.Leases, ns, OrreryNames.TunnelLease, body, cancellationToken)).ConfigureAwait(false));
    }

    /// <summary>Where another process than before has it, a second one is known no more: it may be that one.</summary>
    private static void SetInstance(JsonObject record, string instance, string former)
    {
        if (instance == former)
        {
            return;
        }

        JsonObject annotations = record.Metadata.ObjectAt("annotations");
        annotations.Remove(OrreryNames.SecondSatelliteAnnotation);
        annotations.Remove(OrreryNames.InstanceAnnotation);
        if (instance.Length > 0)
        {
            annotations[OrreryNames.InstanceAnnotation] = instance;
        }
    }

    /// <summary>Says of the satellite what the annotation is for, on the condition that nobody wrote since.</summary>
    private Task<KubeObject> MarkAsync(string dataPlane, KubeObject? record, string annotation, string value, CancellationToken cancellationToken)
    {
        string ns = OrreryNames.DataPlaneNamespace(dataPlane);
        JsonObject body = record?.ToJsonObject() ?? LeaseJson.Make(ns, OrreryNames.TunnelLease);
        body.Metadata.ObjectAt("annotations")[annotation] = value;
        return record is null
            ? api.CreateAsync(HubResources.Leases, ns, body, cancellationToken)
            : api.UpdateAsync(HubResources.Leases, ns, record.Name, body, cancellationToken);
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    /// <param name="Opened">When it was last written as open.</param>
    /// <param name="Count">How often in a row it went soon after.</param>
    private readonly record struct Flaps(DateTimeOffset Opened, int Count);
}
