using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Handlers;

namespace Orrery.Simulation.Network;

/// <summary>
/// The control plane's end of all tunnels, without what is asked through them: who is connected, and the Leases that say so, as the hub writes
/// them. The hub itself speaks HTTP/2 over WebSockets, with timers of its own, and has no place on one thread.
/// </summary>
internal sealed class SimulatedHub(TimeProvider time) : ISubresourceHandler
{
    private const string Server = "simulated";
    private static readonly GroupVersionResource Leases = new("coordination.k8s.io", "v1", "leases");
    private static readonly TimeSpan ServerLease = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan SilenceGrace = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, (int Open, DateTimeOffset Since)> tunnels = [];
    private readonly Dictionary<string, bool> written = [];

    public GroupResource Resource => OrreryResources.DataPlanes.GroupResource;

    public string Subresource => OrreryNames.TunnelSubresource;

    public async Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        string dataPlane = target.Object.Name;
        if (target.User.Name != OrreryNames.SatelliteUser(dataPlane) || target.Object.IsDeleting)
        {
            throw ApiErrors.Forbidden(Resource, dataPlane, "not its satellite");
        }

        Count(dataPlane, 1);
        try
        {
            await http.Response.BodyWriter.WriteAsync("\n"u8.ToArray(), cancellationToken);
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            Count(dataPlane, -1);
        }
    }

    /// <summary>Vouches for the tunnels that are open, and says when one opened or has been gone for a while, until cancelled.</summary>
    public async Task RunAsync(KubeClient api, CancellationToken cancellationToken)
    {
        DateTimeOffset renewed = DateTimeOffset.MinValue;
        while (!cancellationToken.IsCancellationRequested)
        {
            if (time.GetUtcNow() - renewed >= ServerLease / 4)
            {
                renewed = time.GetUtcNow();
                await PutAsync(
                    api, OrreryNames.ServerNamespace, OrreryNames.ServerLeasePrefix + Server,
                    new JsonObject { ["holderIdentity"] = Server, ["leaseDurationSeconds"] = (int)ServerLease.TotalSeconds, ["renewTime"] = MicroTime(renewed) },
                    new JsonObject { [OrreryNames.ServerLabel] = Server });
            }

            foreach ((string dataPlane, (int open, DateTimeOffset since)) in tunnels.OrderBy(t => t.Key, StringComparer.Ordinal))
            {
                bool says = open > 0 || (written.GetValueOrDefault(dataPlane) && time.GetUtcNow() - since < SilenceGrace);
                if (says != written.GetValueOrDefault(dataPlane))
                {
                    await PutAsync(
                        api, OrreryNames.DataPlaneNamespace(dataPlane), OrreryNames.TunnelLease,
                        new JsonObject { ["holderIdentity"] = says ? Server : null, ["renewTime"] = MicroTime(says ? time.GetUtcNow() : since) }, []);
                    written[dataPlane] = says;
                }
            }

            await Task.Delay(Look, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Count(string dataPlane, int more) =>
        tunnels[dataPlane] = (tunnels.GetValueOrDefault(dataPlane).Open + more, time.GetUtcNow());

    private static async Task PutAsync(KubeClient api, string ns, string name, JsonObject spec, JsonObject labels)
    {
        var body = new JsonObject
        {
            ["apiVersion"] = "coordination.k8s.io/v1",
            ["kind"] = "Lease",
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns, ["labels"] = labels },
            ["spec"] = spec,
        };
        if (await api.FindAsync(Leases, ns, name, CancellationToken.None) is null)
        {
            await api.CreateAsync(Leases, ns, body, CancellationToken.None);
        }
        else
        {
            await api.PatchAsync(Leases, ns, name, PatchKind.Merge, new JsonObject { ["spec"] = spec.DeepClone() }, CancellationToken.None);
        }
    }

    private static string MicroTime(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
