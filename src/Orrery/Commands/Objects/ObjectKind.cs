using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Commands.Objects;

/// <summary>A kind of ours as the command line knows it.</summary>
/// <param name="Command">Name of its command: <c>orrery tenant …</c>.</param>
/// <param name="Aliases">The kind's short name, plural and singular, as kubectl takes them.</param>
/// <param name="About">What one object is, for the help; begins with a small letter.</param>
internal sealed record ObjectKind(string Command, string[] Aliases, GroupVersionResource Resource, string Kind, bool IsNamespaced, string About)
{
    public static readonly ObjectKind Tenant = new("tenant", ["tn", "tenants"], OrreryResources.Tenants, "Tenant", false, "a customer, or a team");
    public static readonly ObjectKind TenantClass = new("tenant-class", ["tnc", "tenantclasses", "tenantclass"], OrreryResources.TenantClasses, "TenantClass", false, "a size that tenants get");
    public static readonly ObjectKind DataPlane = new("data-plane", ["dp", "dataplanes", "dataplane"], OrreryResources.DataPlanes, "DataPlane", false, "a cluster that runs tenants' workloads");
    public static readonly ObjectKind VirtualSite = new("virtual-site", ["vsite", "virtualsites", "virtualsite"], OrreryResources.VirtualSites, "VirtualSite", false, "a named selection of data planes");
    public static readonly ObjectKind VirtualCluster = new("virtual-cluster", ["vc", "virtualclusters", "virtualcluster"], OrreryResources.VirtualClusters, "VirtualCluster", true, "a Kubernetes API of a tenant's own");

    public static readonly ObjectKind Application = new("application", ["app", "applications"], OrreryResources.Applications, "Application", false, "a product that the vendor ships");
    public static readonly ObjectKind Release = new("release", ["rel", "releases"], OrreryResources.Releases, "Release", false, "one version of an application");
    public static readonly ObjectKind Installation = new("install", ["inst", "installation", "installations"], OrreryResources.Installations, "Installation", true, "a release of an application, for a tenant or for data planes");

    /// <summary>Not of ours and without a command: what the others are in.</summary>
    public static readonly ObjectKind Namespace = new("", [], new GroupVersionResource("", "v1", "namespaces"), "Namespace", false, "");

    /// <summary>Whether <c>spec.placement</c> says where it runs.</summary>
    public bool IsPlaced => this == VirtualCluster || this == Installation;

    /// <summary>In front of <see cref="Kind"/> in a sentence.</summary>
    public string Article => Kind[0] is 'A' or 'I' ? "an" : "a";

    /// <summary>As kubectl names one object of the kind: <c>tenant.orrery.dev/acme</c>.</summary>
    public string NameOf(string name) => $"{Kind.ToLowerInvariant()}{(Resource.Group.Length > 0 ? "." : "")}{Resource.Group}/{name}";
}
