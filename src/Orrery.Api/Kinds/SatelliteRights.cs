namespace Orrery.Api.Kinds;

/// <summary>Verbs on resources of one API group, as a rule of a role says them.</summary>
/// <param name="Resources">Plural names; a subresource as <c>pods/log</c>.</param>
public sealed record AccessRight(string Group, IReadOnlyList<string> Resources, IReadOnlyList<string> Verbs);

/// <summary>
/// What a satellite may need in its cluster beside its own namespace: the manifest of a data plane grants it, and the satellite says what of it its cluster's owner took away.
/// </summary>
public static class SatelliteRights
{
    /// <summary>For what is placed from virtual clusters, a rule a group; and what is watched to tell of it.</summary>
    public static IReadOnlyList<AccessRight> Workloads { get; } =
    [
        .. PlaceableKinds.All.GroupBy(k => k.Resource.Group).Select(g =>
            new AccessRight(g.Key, [.. g.Select(k => k.Resource.Resource)], ["get", "list", "watch", "create", "patch", "delete"])),
        new("", ["namespaces"], ["get", "list", "watch", "create", "patch", "delete"]),
        new("", ["nodes"], ["list", "watch", "patch"]),
        new("", ["pods/eviction"], ["create"]),
        new("", ["events"], ["list", "watch", "create", "patch"]),
    ];

    /// <summary>For logs, streams and metrics.</summary>
    public static IReadOnlyList<AccessRight> Pods { get; } =
    [
        new("", ["pods/log"], ["get"]),
        new("", ["pods/exec", "pods/attach", "pods/portforward"], ["get", "create"]),
        new("", ["pods/ephemeralcontainers", "pods/resize"], ["patch"]),
        new("", ["pods/proxy"], ["get", "create", "update", "patch", "delete"]),
        new("metrics.k8s.io", ["pods", "nodes"], ["list"]),
    ];
}
