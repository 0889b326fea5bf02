using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Tenancies;

/// <summary>Wakes <see cref="TenancyReconciler"/> when a Tenancy or what it stands for changes, and at a regular pace.</summary>
internal sealed class TenancyLoop
{
    /// <summary>What quotas count changes in bursts.</summary>
    private static readonly TimeSpan CountPace = TimeSpan.FromMilliseconds(300);

    private readonly SatelliteContext context;
    private readonly NamespaceGuards guards;
    private readonly ReconcilerHost<string> host;

    public TenancyLoop(SatelliteContext context, KnownTenancies tenancies, NamespaceGuards guards)
    {
        this.context = context;
        this.guards = guards;
        host = context.Host(
            "tenancies",
            new TenancyReconciler(context, tenancies, guards, context.Options.Loggers.CreateLogger("Orrery.Satellite.Tenancies")),
            [tenancies.Informer, context.Namespaces, .. guards.All],
            () => tenancies.Informer.All().Select(t => t.Name),
            context.Options.LevelInterval,
            workers: 2);
        tenancies.Informer.Subscribe(change => host.Queue.Add(change.Key.Name));
        guards.Changed += tenant => host.Queue.AddAfter(tenant, CountPace);
        guards.Subscribe();
        context.Namespaces.Subscribe(change =>
        {
            if (change.Latest.Labels.TryGetValue(OrreryNames.TenantLabel, out string? tenant))
            {
                host.Queue.Add(tenant);
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(guards.All.Append(context.Tenancies.Informer).Select(i => i.RunAsync(cancellationToken)).Append(host.RunAsync(cancellationToken)));
}
