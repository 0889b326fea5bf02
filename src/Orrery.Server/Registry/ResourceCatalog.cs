using Orrery.Api;
using Orrery.Server.CustomResources;
using Orrery.Server.Discovery;

namespace Orrery.Server.Registry;

/// <summary>Which resources a cluster serves: the built-in ones of all, and its own custom ones.</summary>
internal sealed class ResourceCatalog(CustomResourceSet custom, bool servesVirtualClusters) : IApiSurface
{
    private static readonly ApiSurface Builtin = new(BuiltinResources.Instance.Surface);
    private static readonly ApiSurface BuiltinOfRoot = new([.. BuiltinResources.Instance.Surface, LogicalClusterResource.Surface]);

    /// <summary>Null: not served.</summary>
    public ResourceDefinition? Find(ClusterName cluster, GroupVersionResource resource) =>
        BuiltinResources.Instance.Find(resource)
        ?? (HasClusters(cluster) && resource == LogicalClusterResource.Definition.Resource ? LogicalClusterResource.Definition
            : cluster.IsAll ? custom.FindInAny(resource) : custom.For(cluster).Find(resource));

    /// <summary>The definition under which objects of a kind are reached; null: not served.</summary>
    public ResourceDefinition? Find(ClusterName cluster, GroupVersionKind kind) => All(cluster).FirstOrDefault(d => d.Kind == kind);

    /// <summary>The definition under which a resource's objects are stored; null: not served.</summary>
    public ResourceDefinition? FindStored(ClusterName cluster, GroupResource resource) =>
        Stored(cluster).FirstOrDefault(d => d.GroupResource == resource);

    /// <summary>Every resource of which objects may be stored, in one version each.</summary>
    public IEnumerable<ResourceDefinition> Stored(ClusterName cluster)
    {
        var seen = new HashSet<GroupResource>();
        return All(cluster).Where(d => d.StoredAs == d.GroupResource && !BuiltinResources.IsVirtual(d) && (d.IsCustom || d.Conversion is null) && seen.Add(d.GroupResource));
    }

    /// <summary>Other resources under which a resource's objects are served: its other versions, or another group's name for it.</summary>
    public IEnumerable<ResourceDefinition> Equivalents(ClusterName cluster, ResourceDefinition resource) =>
        resource.IsCustom
            ? custom.For(cluster).All.Where(d => d.StoredAs == resource.StoredAs && d.Resource != resource.Resource)
            : BuiltinResources.Instance.Equivalents(resource);

    public ApiSurface For(ClusterName cluster) =>
        cluster.IsAll ? Builtin : custom.For(cluster).Surface(HasClusters(cluster) ? BuiltinOfRoot : Builtin);

    /// <summary>Root lists the virtual clusters there are.</summary>
    private bool HasClusters(ClusterName cluster) => cluster.IsRoot && servesVirtualClusters;

    private IEnumerable<ResourceDefinition> All(ClusterName cluster)
    {
        IEnumerable<ResourceDefinition> all = BuiltinResources.Instance.All.Concat(custom.For(cluster).All);
        return HasClusters(cluster) ? all.Append(LogicalClusterResource.Definition) : all;
    }
}
