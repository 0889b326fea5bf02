using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Tenants;

/// <summary>
/// Keeps the rights of a tenant's members in its virtual clusters: by the cluster, since a tenant may have thousands and all but one of them are as they were.
/// </summary>
internal sealed class ClusterRights : IController, IReconciler<ClusterName>
{
    /// <summary>Each waits for the store; writes that come together share one wait.</summary>
    private const int Workers = 8;

    private readonly ControllerContext context;
    private readonly Informer tenants;
    private readonly Informer virtualClusters;
    private readonly GuardInformers rights;
    private readonly ReconcilerHost<ClusterName> host;

    public ClusterRights(ControllerContext context)
    {
        this.context = context;
        tenants = context.RootInformers.For(OrreryResources.Tenants);
        virtualClusters = context.RootInformers.For(OrreryResources.VirtualClusters);
        rights = new GuardInformers(context.Root.InCluster(ClusterName.All), context.Options, _ => false, CoreResources.ClusterRoleBindings);
        host = context.Host("memberrights", this, [.. rights.All, .. context.Tenancy.Needs], () => virtualClusters.All().Select(NameOf), Workers, k => k.Namespace);

        rights.Subscribe((_, cluster) => host.Queue.Add(cluster));
        virtualClusters.Subscribe(change =>
        {
            // One that is not served yet wakes its key when it is.
            if (IsServed(change.Current) && (!IsServed(change.Old) || change.Old!.Uid != change.Current!.Uid))
            {
                host.Queue.Add(NameOf(change.Latest));
            }
        });
        context.RootInformers.For(CoreResources.Namespaces).Subscribe(change =>
        {
            if (change.Old?.Labels.GetValueOrDefault(OrreryNames.TenantLabel) != change.Current?.Labels.GetValueOrDefault(OrreryNames.TenantLabel))
            {
                Add(virtualClusters.InNamespace(ClusterName.Root, change.Key.Name));
            }
        });
        tenants.Subscribe(change =>
        {
            if (change.Old?.Generation != change.Current?.Generation)
            {
                Add(virtualClusters.All().Where(c => context.Tenancy.TenantOf(c.Namespace)?.Name == change.Key.Name));
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(rights.All.Select(i => i.RunAsync(cancellationToken)).Append(host.RunAsync(cancellationToken)));

    public async Task<ReconcileResult> ReconcileAsync(ClusterName key, CancellationToken cancellationToken)
    {
        if (context.Tenancy.Find(key) is { IsServed: true, Tenant: var tenant } && tenants.Get(ClusterName.Root, "", tenant.Name) is { IsDeleting: false })
        {
            await rights.BringAboutAsync(tenant.Name, TenantObjects.InVirtualCluster(tenant), cancellationToken, key).ConfigureAwait(false);
        }

        return ReconcileResult.Done;
    }

    private static bool IsServed(KubeObject? cluster) => cluster is { IsDeleting: false } && Conditions.IsTrue(cluster, OrreryNames.ReadyCondition);

    private static ClusterName NameOf(KubeObject cluster) => new(cluster.Namespace, cluster.Name);

    private void Add(IEnumerable<KubeObject> clusters)
    {
        foreach (KubeObject cluster in clusters)
        {
            host.Queue.Add(NameOf(cluster));
        }
    }
}
