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

    public TunnelGuard(TunnelHub hub, KubeClient api, TunnelHubOptions options)
    {
        this.hub = hub;
        this.api = api;
        this.options = options;
        dataPlanes = new Informer(api, OrreryResources.DataPlanes, new InformerOptions { Transform = IdentityAlone, Time = options.Time, Loggers = options.Loggers });
    }

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(dataPlanes.RunAsync(cancellationToken), LookAsync(cancellationToken));

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        await dataPlanes.HasSynced.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!cancellationToken.IsCancellationRequested)
        {
            foreach (Tunnel tunnel in hub.Held)
            {
                try
                {
                    if (await ProblemOfAsync(tunnel, cancellationToken).ConfigureAwait(false) is { } problem)
                    {
                        await tunnel.EndAsync(problem).ConfigureAwait(false);
                    }
                }
                catch (Exception e) when (e is StatusException or HttpRequestException or IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
                {
                    // Not known, so not ended: looked at again in a second.
                    Log.NotLookedUp(options.Loggers.CreateLogger("Orrery.Hub"), tunnel.DataPlane, e.Message);
                }
            }

            await Task.Delay(LookInterval, options.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <returns>Null for one that may stay.</returns>
    private async Task<string?> ProblemOfAsync(Tunnel tunnel, CancellationToken cancellationToken)
    {
        if (tunnel.Credential.Expires <= options.Time.GetUtcNow())
        {
            return "the certificate that it was opened with has expired";
        }

        if (dataPlanes.Get(ClusterName.Root, "", tunnel.DataPlane) is { } seen && tunnel.Credential.IsFor(seen))
        {
            return null;
        }

        // What is kept here may be older than the tunnel: the server decides.
        KubeObject? now = await api.FindAsync(OrreryResources.DataPlanes, "", tunnel.DataPlane, cancellationToken).ConfigureAwait(false);
        return now is null ? "its data plane has left the fleet"
            : tunnel.Credential.IsFor(now) ? null
            : tunnel.Credential.Satellite.IsOf(now) ? "its data plane was made anew"
            : "its satellite was revoked";
    }

    private static KubeObject IdentityAlone(KubeObject dataPlane)
    {
        JsonObject json = dataPlane.ToJsonObject();
        var kept = new JsonObject
        {
            ["apiVersion"] = OrreryResources.ApiVersion,
            ["kind"] = "DataPlane",
            ["metadata"] = new JsonObject { ["name"] = dataPlane.Name, ["uid"] = dataPlane.Uid, ["resourceVersion"] = dataPlane.ResourceVersion },
        };
        if (json["spec"]?["satelliteIdentity"] is { } identity)
        {
            kept["spec"] = new JsonObject { ["satelliteIdentity"] = identity.DeepClone() };
        }

        return KubeObject.From(kept);
    }
}
