namespace Orrery.Api.Kinds;

/// <summary>Group, version and resources of Orrery's own kinds.</summary>
public static class OrreryResources
{
    public const string Group = "orrery.dev";
    public const string Version = "v1alpha1";
    public const string ApiVersion = Group + "/" + Version;

    /// <summary>Group of what only the server and the virtual cluster controller speak of.</summary>
    public const string InternalGroup = "internal.orrery.dev";

    public static readonly GroupVersionResource DataPlanes = new(Group, Version, "dataplanes");
    public static readonly GroupVersionResource VirtualSites = new(Group, Version, "virtualsites");
    public static readonly GroupVersionResource Tenants = new(Group, Version, "tenants");
    public static readonly GroupVersionResource TenantClasses = new(Group, Version, "tenantclasses");
    public static readonly GroupVersionResource Tenancies = new(Group, Version, "tenancies");
    public static readonly GroupVersionResource TenantUsages = new(Group, Version, "tenantusages");
    public static readonly GroupVersionResource VirtualClusters = new(Group, Version, "virtualclusters");
    public static readonly GroupVersionResource Applications = new(Group, Version, "applications");
    public static readonly GroupVersionResource Releases = new(Group, Version, "releases");
    public static readonly GroupVersionResource Installations = new(Group, Version, "installations");
    public static readonly GroupVersionResource Works = new(Group, Version, "works");
    public static readonly GroupVersionResource Observations = new(Group, Version, "observations");
    public static readonly GroupVersionResource LogicalClusters = new(InternalGroup, Version, "logicalclusters");
}
