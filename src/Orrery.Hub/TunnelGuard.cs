using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Hub;

/// <summary>
/// Ends tunnels whose satellite would not be let in any more: its certificate has expired, its DataPlane is gone, or another satellite has that name now.
/// A request is checked when it comes; a tunnel is one request that lasts for months.
/// </summary>
internal sealed class TunnelGuard
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly TunnelHub hub;
    private readonly KubeClient api;
    private readonly TunnelHubOptions options;
    private readonly Informer dataPlanes;

    private readonly Lock gate = new();

    /// <summary>Data planes of which a tunnel may have become one that does not stay: it opened, the data plane changed, or could not be looked at. Each once, in the order in which they came.</summary>
    private OrderedDictionary<string, bool> due = new(StringComparer.Ordinal);

    /// <summary>When the first certificate ends of those that tunnels were opened with.</summary>
    private DateTimeOffset firstEnd = DateTimeOffset.MinValue;

    public TunnelGuard(TunnelHub hub, KubeClient api, TunnelHubOptions options)
    {
        this.hub = hub;
        this.api = api;
        this.options = options;
        dataPlanes = new Informer(api, OrreryResources.DataPlanes, new InformerOptions { Transform = IdentityAlone, Time = options.Time, Loggers = options.Loggers });
        dataPlanes.Subscribe(change => LookAgain(change.Key.Name));
    }

    /// <summary>A tunnel has opened; what stood in its way may have come while it did.</summary>
    public void Opened(string dataPlane) => LookAgain(dataPlane);

    /// <summary>Whether a tunnel is of a DataPlane that was deleted, and of which there may be another by now: nothing is written of it any more.</summary>
    public bool IsOfFormer(Tunnel tunnel) => dataPlanes.HasSynced.IsCompleted && dataPlanes.Get(ClusterName.Root, "", tunnel.DataPlane)?.Uid != tunnel.Credential.DataPlaneUid;

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(dataPlanes.RunAsync(cancellationToken), LookAsync(cancellationToken));

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        await dataPlanes.HasSynced.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!cancellationToken.IsCancellationRequested)
        {
            DateTimeOffset now = options.Time.GetUtcNow();
            if (firstEnd <= now)
            {
                firstEnd = DateTimeOffset.MaxValue;
                await LookAtAsync(hub.Held.All, now, cancellationToken).ConfigureAwait(false);
            }

            foreach (string dataPlane in Due())
            {
                await LookAtAsync(hub.Held.Of(dataPlane), now, cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(LookInterval, options.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void LookAgain(string dataPlane)
    {
        lock (gate)
        {
            due[dataPlane] = true;
        }
    }

    /// <returns>Those that are due until now, and no more from now on.</returns>
    private ICollection<string> Due()
    {
        lock (gate)
        {
            if (due.Count == 0)
            {
                return [];
            }

            ICollection<string> these = due.Keys;
            due = new OrderedDictionary<string, bool>(StringComparer.Ordinal);
            return these;
        }
    }

    private async Task LookAtAsync(Tunnel[] tunnels, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (Tunnel tunnel in tunnels)
        {
            // 1. Most are as they were when they were last looked at.
            KubeObject? seen = dataPlanes.Get(ClusterName.Root, "", tunnel.DataPlane);
            if (tunnel.Credential.Expires > now && seen is not null && ReferenceEquals(seen, tunnel.LookedAt))
            {
                firstEnd = Sooner(firstEnd, tunnel.Credential.Expires);
                continue;
            }

            // 2. The others are asked about.
            try
            {
                if (await ProblemOfAsync(tunnel, seen, now, cancellationToken).ConfigureAwait(false) is { } problem)
                {
                    await tunnel.EndAsync(problem).ConfigureAwait(false);
                    continue;
                }

                tunnel.LookedAt = seen;
                firstEnd = Sooner(firstEnd, tunnel.Credential.Expires);
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // Not known, so not ended, whatever it was: looked at again in a second. Were this to end, revoked satellites would stay.
                Log.NotLookedUp(options.Loggers.CreateLogger("Orrery.Hub"), tunnel.DataPlane, e.Message);
                LookAgain(tunnel.DataPlane);
            }
        }
    }

    private static DateTimeOffset Sooner(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    /// <param name="seen">The data plane as it is known here.</param>
    /// <returns>Null for one that may stay.</returns>
    private async Task<string?> ProblemOfAsync(Tunnel tunnel, KubeObject? seen, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (tunnel.Credential.Expires <= now)
        {
            return "the certificate that it was opened with has expired";
        }

        if (seen is not null && tunnel.Credential.IsFor(seen))
        {
            return null;
        }

        // What is kept here may be older than the tunnel: the server decides.
        KubeObject? current = await api.FindAsync(OrreryResources.DataPlanes, "", tunnel.DataPlane, cancellationToken).ConfigureAwait(false);
        return current is null ? "its data plane has left the fleet"
            : tunnel.Credential.IsFor(current) ? null
            : tunnel.Credential.Satellite.IsOf(current) ? "its data plane was made anew"
            : "its satellite was revoked";
    }

    private static KubeObject IdentityAlone(KubeObject dataPlane)
    {
        var kept = new JsonObject
        {
            ["apiVersion"] = OrreryResources.ApiVersion,
            ["kind"] = "DataPlane",
            ["metadata"] = new JsonObject { ["name"] = dataPlane.Name, ["uid"] = dataPlane.Uid, ["resourceVersion"] = dataPlane.ResourceVersion },
        };
        if (dataPlane.TextAt("spec", "satelliteIdentity") is { } identity)
        {
            kept["spec"] = new JsonObject { ["satelliteIdentity"] = identity };
        }

        return KubeObject.From(kept);
    }
}
