using Orrery.Api;
using Orrery.Server.CustomResources;
using Orrery.Server.Discovery;

namespace Orrery.Server.Registry;

/// <summary>Which resources a cluster serves: the built-in ones of all, and its own custom ones.</summary>
/// <param name="withheld">Built-in versions that are not served, as <c>group/version</c>, or <c>v1</c> for core.</param>
internal sealed class ResourceCatalog(CustomResourceSet custom, bool servesVirtualClusters, IReadOnlySet<string> withheld) : IApiSurface
{
    private static readonly ApiSurface AllBuiltin = new(BuiltinResources.Instance.Surface);

    private readonly ApiSurface builtin = withheld.Count == 0 ? AllBuiltin : new ApiSurface([.. Without(BuiltinResources.Instance.Surface, withheld)]);
    private readonly ApiSurface builtinOfRoot = new([.. Without(BuiltinResources.Instance.Surface, withheld), LogicalClusterResource.Surface]);

    /// <summary>Every built-in version, as <c>group/version</c>, or <c>v1</c> for core.</summary>
    public static IEnumerable<string> BuiltinVersions => BuiltinResources.Instance.Surface.SelectMany(g => g.Versions.Select(v => NameOf(g.Name, v.Version)));

    /// <summary>Null: not served.</summary>
    public ResourceDefinition? Find(ClusterName cluster, GroupVersionResource resource) =>
        (BuiltinResources.Instance.Find(resource) is { } found && (withheld.Count == 0 || !withheld.Contains(NameOf(resource.Group, resource.Version))) ? found : null)
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
            ? custom.For(cluster).All.Where(d => d.StoredAs == resource.StoredAs && d.Resource != resource.Resource).OrderBy(d => d.Place)
            : BuiltinResources.Instance.Equivalents(resource);

    public ApiSurface For(ClusterName cluster) =>
        cluster.IsAll ? builtin : custom.For(cluster).Surface(HasClusters(cluster) ? builtinOfRoot : builtin);

    private static string NameOf(string group, string version) => group.Length == 0 ? version : $"{group}/{version}";

    private static IEnumerable<ApiGroupSurface> Without(IEnumerable<ApiGroupSurface> groups, IReadOnlySet<string> withheld) => groups
        .Select(g => g.Versions.Any(v => withheld.Contains(NameOf(g.Name, v.Version))) ? new ApiGroupSurface(g.Name, [.. g.Versions.Where(v => !withheld.Contains(NameOf(g.Name, v.Version)))]) : g)
        .Where(g => g.Versions.Count > 0);

    /// <summary>Root lists the virtual clusters there are.</summary>
    private bool HasClusters(ClusterName cluster) => cluster.IsRoot && servesVirtualClusters;

    private IEnumerable<ResourceDefinition> All(ClusterName cluster)
    {
        IEnumerable<ResourceDefinition> all = BuiltinResources.Instance.All.Concat(custom.For(cluster).All);
        return HasClusters(cluster) ? all.Append(LogicalClusterResource.Definition) : all;
    }
}
