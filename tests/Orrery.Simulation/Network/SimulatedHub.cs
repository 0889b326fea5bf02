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
    private readonly Dictionary<string, (string DataPlaneUid, CancellationTokenSource End)> ends = [];

    public GroupResource Resource => OrreryResources.DataPlanes.GroupResource;

    public string Subresource => OrreryNames.TunnelSubresource;

    public async Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        string dataPlane = target.Object.Name;
        if (SatelliteUserName.Parse(target.User.Name) is not { } satellite || !satellite.IsOf(target.Object))
        {
            throw ApiErrors.Forbidden(Resource, dataPlane, "not its satellite");
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ends[dataPlane] = (target.Object.Uid, end);
        Count(dataPlane, 1);
        try
        {
            await http.Response.BodyWriter.WriteAsync("\n"u8.ToArray(), cancellationToken);
            await Task.Delay(Timeout.InfiniteTimeSpan, time, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            if (ends.GetValueOrDefault(dataPlane).End == end)
            {
                ends.Remove(dataPlane);
            }

            Count(dataPlane, -1);
        }
    }

    /// <summary>Vouches for the tunnels that are open, and says when one opened or has been gone for a while, until cancelled.</summary>
    public async Task RunAsync(KubeClient api, CancellationToken cancellationToken)
    {
        // Which tunnels are said to be open is read, as the hub does: a data plane that was removed took what was written with it.
        var records = new Informer(api, Leases, new InformerOptions { FieldSelector = "metadata.name=" + OrreryNames.TunnelLease, Time = time, Seed = 1 });
        var planes = new Informer(api, OrreryResources.DataPlanes, new InformerOptions { Time = time, Seed = 2 });
        Task following = Task.WhenAll(records.RunAsync(cancellationToken), planes.RunAsync(cancellationToken));
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
                if (ends.TryGetValue(dataPlane, out (string DataPlaneUid, CancellationTokenSource End) held) && planes.Get(ClusterName.Root, "", dataPlane)?.Uid != held.DataPlaneUid
                    && (await api.FindAsync(OrreryResources.DataPlanes, "", dataPlane, CancellationToken.None))?.Uid != held.DataPlaneUid
                    && ends.GetValueOrDefault(dataPlane).End == held.End)
                {
                    held.End.Cancel();
                }

                string ns = OrreryNames.DataPlaneNamespace(dataPlane);
                bool said = records.Get(ClusterName.Root, ns, OrreryNames.TunnelLease)?.TextAt("spec", "holderIdentity") == Server;
                bool says = open > 0 || (said && time.GetUtcNow() - since < SilenceGrace);
                if (says != said)
                {
                    await SayAsync(api, ns, says ? Server : null, says ? time.GetUtcNow() : since);
                }
            }

            await Task.Delay(Look, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await following;
    }

    private static async Task SayAsync(KubeClient api, string ns, string? holder, DateTimeOffset heard)
    {
        try
        {
            await PutAsync(api, ns, OrreryNames.TunnelLease, new JsonObject { ["holderIdentity"] = holder, ["renewTime"] = MicroTime(heard) }, []);
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict || e.Code == 403)
        {
            // The data plane is going, or somebody else wrote: the next look sees it.
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
