using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Machines;

namespace Orrery.Satellite.Tenancies;

/// <summary>Wakes <see cref="TenancyReconciler"/> when a Tenancy or what it stands for changes, and at a regular pace.</summary>
internal sealed class TenancyLoop
{
    /// <summary>What quotas count changes in bursts.</summary>
    private static readonly TimeSpan CountPace = TimeSpan.FromMilliseconds(300);

    private readonly SatelliteContext context;
    private readonly NamespaceGuards guards;
    private readonly ReconcilerHost<string> host;

    public TenancyLoop(SatelliteContext context, NamespaceGuards guards, Informer nodes, Informer pods, AwaitedBudgets budgets)
    {
        KnownTenancies tenancies = context.Tenancies;
        ILogger logger = context.Options.Loggers.CreateLogger("Orrery.Satellite.Tenancies");
        this.context = context;
        this.guards = guards;
        var reconciler = new TenancyReconciler(context, tenancies, guards, new MachineKeeper(context, nodes, pods, budgets, logger), logger);
        host = context.Host(
            "tenancies",
            reconciler,
            [tenancies.Informer, context.Works, context.Namespaces, nodes, pods, .. guards.All],
            () => tenancies.Informer.All().Select(t => t.Name).Union(nodes.All().Select(context.Served.TenantOf).OfType<string>()),
            context.Options.LevelInterval,
            workers: 2);
        context.ClusterRecovered += () =>
        {
            reconciler.Recovered();
            foreach (string tenant in tenancies.Informer.All().Select(t => t.Name).Order(StringComparer.Ordinal))
            {
                host.Queue.Add(tenant);
            }
        };
        tenancies.Informer.Subscribe(change => host.Queue.Add(change.Key.Name));
        guards.Changed += tenant => host.Queue.AddAfter(tenant, CountPace);
        guards.Subscribe();
        nodes.Subscribe(change =>
        {
            // A node that comes or becomes free may be what a pool lacks.
            foreach (KubeObject tenancy in tenancies.Informer.All().Where(t => t.At("spec", "machines") is not null))
            {
                host.Queue.AddAfter(tenancy.Name, CountPace);
            }

            if (context.Served.TenantOf(change.Latest) is { } owner)
            {
                host.Queue.AddAfter(owner, CountPace);
            }
        });
        context.Namespaces.Subscribe(change =>
        {
            if (change.IsDeleted)
            {
                reconciler.Forget(change.Key.Name);
            }

            if (change.Latest.Labels.TryGetValue(OrreryNames.TenantLabel, out string? tenant))
            {
                host.Queue.Add(tenant);
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(guards.All.Append(context.Tenancies.Informer).Select(i => i.RunAsync(cancellationToken)).Append(host.RunAsync(cancellationToken)));
}
