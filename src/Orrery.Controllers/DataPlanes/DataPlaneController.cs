using Microsoft.Extensions.Logging;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.DataPlanes;

/// <summary>Wakes <see cref="DataPlaneReconciler"/>: when a tunnel opens or closes, and by its own timer when a server goes.</summary>
internal sealed class DataPlaneController : IController
{
    private readonly ControllerContext context;
    private readonly DataPlaneInformers own;
    private readonly ReconcilerHost<string> host;
    private readonly ReconcilerHost<string> servers;

    public DataPlaneController(ControllerContext context)
    {
        Informer dataPlanes = context.RootInformers.For(OrreryResources.DataPlanes);
        Informer namespaces = context.RootInformers.For(CoreResources.Namespaces);
        Informer observations = context.RootInformers.For(OrreryResources.Observations);
        this.context = context;
        Informer tenancies = context.RootInformers.For(OrreryResources.Tenancies);
        own = new DataPlaneInformers(context.Root, context.Options);
        var heartbeats = new Heartbeats(own.Tunnels, own.Servers, context.Time);
        var reconciler = new DataPlaneReconciler(
            context.Root, dataPlanes, namespaces, own, heartbeats, context.Works, observations, tenancies, context.Events, context.Time, takesTunnels: context.Options.VirtualClusters,
            context.Options.Loggers.CreateLogger("Orrery.Controllers.DataPlanes"));
        host = context.Host(
            "dataplanes", reconciler, [dataPlanes, namespaces, observations, tenancies, context.Works.Informer, .. own.All], () => dataPlanes.All().Select(d => d.Name));

        dataPlanes.Subscribe(change =>
        {
            host.Queue.Add(change.Key.Name);
            TellLeftBehind(change);
        });
        own.Tunnels.Subscribe(change => AddOwner(change.Key.Namespace));
        servers = context.Host("servers", new ServerLook(heartbeats), own.All, () => [], workers: 1);
        heartbeats.ServerHeard += server => servers.Queue.Add(server);
        heartbeats.ServerChanged += server =>
        {
            foreach (string held in heartbeats.HeldBy(server))
            {
                host.Queue.Add(held);
            }
        };
        namespaces.Subscribe(change => AddOwner(change.Key.Name));
        tenancies.Subscribe(change =>
        {
            if (change.IsAdded || change.IsDeleted)
            {
                AddOwner(change.Key.Namespace);
            }
        });
        context.Works.Informer.Subscribe(change =>
        {
            if ((change.IsAdded || change.IsDeleted) && context.Fleet.Current.DataPlane(WorkDirectory.DataPlaneOf(change.Latest)) is { HasOwnControllers: true } used)
            {
                host.Queue.Add(used.Name);
            }
        });
        foreach (Informer access in own.Access.Values)
        {
            access.Subscribe(change =>
            {
                if (change.Latest.Labels.TryGetValue(OrreryNames.DataPlaneLabel, out string? owner))
                {
                    host.Queue.Add(owner);
                }
            });
        }
    }

    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(own.All.Select(i => i.RunAsync(cancellationToken))
            .Append(StandingObjects.KeepAsync(context, DeletionGuard.Objects("orrery-data-planes-in-use", "dataplanes", "drain it first (spec.drained)", DeletionGuard.Tenants), cancellationToken))
            .Append(servers.RunAsync(cancellationToken)).Append(host.RunAsync(cancellationToken)));

    /// <summary>That another control plane's is found in its cluster, or has gone: its satellite says it on the DataPlane, and may write no Events here.</summary>
    private void TellLeftBehind(InformerChange change)
    {
        if (change is { Old: { } old, Current: { } now } && Conditions.IsTrue(old, OrreryNames.LeftBehindCondition) != Conditions.IsTrue(now, OrreryNames.LeftBehindCondition))
        {
            if (Conditions.Find(now, OrreryNames.LeftBehindCondition) is { } left)
            {
                context.Events.Warning(now, left.Reason, left.Message);
            }
            else
            {
                context.Events.Normal(now, "NothingLeftBehind", "nothing of another control plane is in the cluster any more");
            }
        }
    }

    private void AddOwner(string ns)
    {
        if (ns.StartsWith(OrreryNames.DataPlaneNamespacePrefix, StringComparison.Ordinal))
        {
            host.Queue.Add(ns[OrreryNames.DataPlaneNamespacePrefix.Length..]);
        }
    }
}
