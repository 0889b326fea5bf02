using Orrery.Api;

namespace Orrery.Server.Cache;

/// <summary>
/// Keys of objects in the store: <c>/{group or core}/{resource}/{cluster}/{namespace}/{name}</c>. The cluster is
/// <c>-</c> for root and <c>acme:shop</c> for the virtual cluster acme/shop; the namespace is <c>-</c> for objects
/// outside namespaces. Every prefix below ends in a slash, so no two scopes share one.
/// </summary>
internal static class StoreKey
{
    private const string None = "-";

    /// <summary>All objects of a resource in every cluster.</summary>
    public static string Prefix(GroupResource resource) =>
        $"/{(resource.Group.Length == 0 ? "core" : resource.Group)}/{resource.Resource}/";

    /// <summary>All objects of a resource in one cluster, or in every one for <see cref="ClusterName.All"/>.</summary>
    public static string Prefix(GroupResource resource, ClusterName cluster) =>
        cluster.IsAll ? Prefix(resource) : $"{Prefix(resource)}{ClusterSegment(cluster)}/";

    /// <summary>All objects of a resource in one namespace of one cluster; the empty namespace means all of them.</summary>
    public static string Prefix(GroupResource resource, ClusterName cluster, string @namespace) =>
        @namespace.Length == 0 || cluster.IsAll ? Prefix(resource, cluster) : $"{Prefix(resource, cluster)}{@namespace}/";

    /// <summary>One object; the empty namespace for an object outside namespaces.</summary>
    public static string Of(GroupResource resource, ClusterName cluster, string @namespace, string name) =>
        $"{Prefix(resource, cluster)}{(@namespace.Length == 0 ? None : @namespace)}/{name}";

    /// <summary><c>-</c> for root, <c>acme:shop</c> for the virtual cluster acme/shop.</summary>
    public static string ClusterSegment(ClusterName cluster) => cluster.IsRoot ? None : $"{cluster.Namespace}:{cluster.Name}";

    /// <param name="prefix">What <see cref="Prefix(GroupResource)"/> made.</param>
    internal static GroupResource ParseResource(ReadOnlySpan<char> prefix)
    {
        ReadOnlySpan<char> path = prefix[1..^1];
        int slash = path.IndexOf('/');
        ReadOnlySpan<char> group = path[..slash];
        return new GroupResource(group is "core" ? "" : group.ToString(), path[(slash + 1)..].ToString());
    }

    internal static ClusterName ParseCluster(ReadOnlySpan<char> segment)
    {
        int colon = segment.IndexOf(':');
        return colon < 0 ? ClusterName.Root : new ClusterName(segment[..colon].ToString(), segment[(colon + 1)..].ToString());
    }

    internal static string ParseNamespace(ReadOnlySpan<char> segment) => segment is None ? "" : segment.ToString();
}
