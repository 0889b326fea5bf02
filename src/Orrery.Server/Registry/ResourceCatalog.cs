using Orrery.Api;
using Orrery.Server.Discovery;

namespace Orrery.Server.Registry;

/// <summary>Which resources a cluster serves: the built-in ones of all, and its own custom ones.</summary>
internal sealed class ResourceCatalog : IApiSurface
{
    private static readonly ApiSurface Builtin = new(BuiltinResources.Instance.Surface);

    /// <summary>Null: not served.</summary>
    public ResourceDefinition? Find(ClusterName cluster, GroupVersionResource resource) => BuiltinResources.Instance.Find(resource);

    /// <summary>The definition under which a resource's objects are stored; null: not served.</summary>
    public ResourceDefinition? FindStored(ClusterName cluster, GroupResource resource) =>
        Stored(cluster).FirstOrDefault(d => d.GroupResource == resource);

    /// <summary>Every resource of which objects may be stored, one version of each.</summary>
    public IEnumerable<ResourceDefinition> Stored(ClusterName cluster) => BuiltinResources.Instance.All.Where(
        d => d.StoredAs == d.GroupResource && !BuiltinResources.IsVirtual(d) && d.Conversion is null);

    public ApiSurface For(ClusterName cluster) => Builtin;
}
