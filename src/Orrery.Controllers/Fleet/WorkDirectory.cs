using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Fleet;

/// <summary>Names one placeable object among all virtual clusters.</summary>
internal readonly record struct SourceKey(GroupKind Kind, ObjectKey Object)
{
    /// <summary>As <see cref="SourceReference.Identity"/>.</summary>
    public string Identity => $"{Object.Cluster}|{Kind.Group}|{Kind.Kind}|{Object.Namespace}|{Object.Name}";

    public static SourceKey? Of(KubeObject work) =>
        SourceReference.Of(work) is { Cluster.IsRoot: false } source
            ? new SourceKey(source.GroupKind, new ObjectKey(source.Cluster, source.Namespace, source.Name))
            : null;

    public override string ToString() => $"{Kind} {Object}";
}

/// <summary>Finds Works by what they were made from. Which source a Work has stands in the Work alone.</summary>
internal sealed class WorkDirectory
{
    private const string BySource = "source";
    private const string ByCluster = "cluster";
    private const string ByPlane = "cluster-plane";
    private const string ByWorkloads = "workloads-plane";
    private const string ByTenant = "tenant-plane";

    public WorkDirectory(Informer works)
    {
        Informer = works;
        works.AddIndex(BySource, w => SourceReference.Of(w) is { } source ? [source.Identity] : []);
        works.AddIndex(ByCluster, w => SourceReference.Of(w) is { } source ? [source.Cluster.ToString()] : []);
        works.AddIndex(ByPlane, w => SourceReference.Of(w) is { } source ? [$"{source.Cluster}|{DataPlaneOf(w)}"] : []);
        works.AddIndex(ByWorkloads, w => SourceKey.Of(w) is { } source && PlaceableKinds.Workloads.Contains(source.Kind) ? [$"{source.Object.Cluster}|{source.Object.Namespace}|{DataPlaneOf(w)}"] : []);
        works.AddIndex(ByTenant, w => w.Labels.TryGetValue(OrreryNames.TenantLabel, out string? tenant) ? [$"{tenant}|{DataPlaneOf(w)}"] : []);
    }

    public Informer Informer { get; }

    /// <summary>Works of one object, one a data plane.</summary>
    public IReadOnlyList<KubeObject> Of(SourceKey source) => Informer.ByIndex(BySource, source.Identity);

    /// <summary>Works of an Installation, hooks among them, over all data planes.</summary>
    public IReadOnlyList<KubeObject> Of(KubeObject installation) => Informer.ByIndex(BySource, Installations.InstallationWorks.Identity(installation));

    /// <summary>All Works of one virtual cluster.</summary>
    public IReadOnlyList<KubeObject> Of(ClusterName cluster) => Informer.ByIndex(ByCluster, cluster.ToString());

    /// <summary>Whether anything of the virtual cluster is to run in the data plane.</summary>
    public bool Has(ClusterName cluster, string dataPlane) => Informer.CountByIndex(ByPlane, $"{cluster}|{dataPlane}") > 0;

    /// <summary>Works of what has pods, of one namespace of a virtual cluster, in one data plane.</summary>
    public IReadOnlyList<KubeObject> Workloads(ClusterName cluster, string ns, string dataPlane) => Informer.ByIndex(ByWorkloads, $"{cluster}|{ns}|{dataPlane}");

    /// <summary>Whether anything of the tenant, of whichever virtual cluster or installation, is to run in the data plane.</summary>
    public bool HasTenant(string tenant, string dataPlane) => Informer.CountByIndex(ByTenant, $"{tenant}|{dataPlane}") > 0;

    public IEnumerable<string> DataPlanesOf(ClusterName cluster) => Of(cluster).Select(DataPlaneOf).Distinct(StringComparer.Ordinal);

    public IReadOnlyList<KubeObject> In(string dataPlane) => Informer.InNamespace(ClusterName.Root, OrreryNames.DataPlaneNamespace(dataPlane));

    /// <summary>Name of the data plane whose namespace the Work stands in.</summary>
    public static string DataPlaneOf(KubeObject work) =>
        work.Namespace.StartsWith(OrreryNames.DataPlaneNamespacePrefix, StringComparison.Ordinal) ? work.Namespace[OrreryNames.DataPlaneNamespacePrefix.Length..] : "";
}
