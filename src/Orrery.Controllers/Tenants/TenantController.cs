using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Tenants;

/// <summary>Wakes <see cref="TenantReconciler"/>.</summary>
internal sealed class TenantController : IController
{
    private readonly ReconcilerHost<string> host;

    public TenantController(ControllerContext context)
    {
        Informer tenants = context.RootInformers.For(OrreryResources.Tenants);
        Informer namespaces = context.RootInformers.For(CoreResources.Namespaces);
        Informer virtualClusters = context.RootInformers.For(OrreryResources.VirtualClusters);
        var reconciler = new TenantReconciler(context.Root, tenants, namespaces, virtualClusters, context.Events, context.Time);
        host = context.Host("tenants", reconciler, [tenants, namespaces, virtualClusters], () => tenants.All().Select(t => t.Name), workers: 2);

        tenants.Subscribe(change => host.Queue.Add(change.Key.Name));
        namespaces.Subscribe(change =>
        {
            host.Queue.Add(change.Key.Name);
            if (change.Latest.Labels.TryGetValue(OrreryNames.TenantLabel, out string? tenant))
            {
                host.Queue.Add(tenant);
            }
        });
        virtualClusters.Subscribe(change =>
        {
            if ((change.IsAdded || change.IsDeleted) && context.Tenancy.TenantOf(change.Key.Namespace) is { } tenant)
            {
                host.Queue.Add(tenant.Name);
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) => host.RunAsync(cancellationToken);
}
