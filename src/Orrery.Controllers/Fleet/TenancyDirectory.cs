using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Fleet;

/// <summary>A virtual cluster with the tenant that owns it.</summary>
/// <param name="Uid">Of the VirtualCluster: one made again under the same name is another.</param>
/// <param name="IsServed">Requests to it are answered.</param>
internal sealed record TenantCluster(ClusterName Cluster, string Uid, Tenant Tenant, Api.Kinds.Placement Placement, bool IsServed);

/// <summary>Answers whose a virtual cluster is, from the informers of root.</summary>
internal sealed class TenancyDirectory(Informer virtualClusters, Informer namespaces, Informer tenants)
{
    public IReadOnlyList<Informer> Needs { get; } = [virtualClusters, namespaces, tenants];

    /// <returns>Null when there is no such virtual cluster, when it is being deleted, or when its namespace is no tenant's.</returns>
    public TenantCluster? Find(ClusterName cluster) =>
        virtualClusters.Get(ClusterName.Root, cluster.Namespace, cluster.Name) is { IsDeleting: false } found && TenantOf(cluster.Namespace) is { } tenant
            ? new TenantCluster(cluster, found.Uid, tenant, Api.Kinds.Placement.Of(found), Conditions.IsTrue(found, OrreryNames.ReadyCondition))
            : null;

    /// <summary>Whether there is such a virtual cluster, a tenant's or not, and it is not being deleted.</summary>
    public bool Has(ClusterName cluster) => virtualClusters.Get(ClusterName.Root, cluster.Namespace, cluster.Name) is { IsDeleting: false };

    /// <summary>The tenant that owns a namespace of root, by its label. A label that names no Tenant still names an owner.</summary>
    public Tenant? TenantOf(string rootNamespace)
    {
        if (namespaces.Get(ClusterName.Root, "", rootNamespace) is not { } ns || NamespaceMarks.IsMapped(ns) || !ns.Labels.TryGetValue(OrreryNames.TenantLabel, out string? name) || name.Length == 0)
        {
            return null;
        }

        return tenants.Get(ClusterName.Root, "", name) is { } tenant ? Tenant.From(tenant) : new Tenant(name, null);
    }
}
