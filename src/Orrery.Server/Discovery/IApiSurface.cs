using Orrery.Api;

namespace Orrery.Server.Discovery;

/// <summary>Says what each cluster serves. Written by the registry, read by discovery.</summary>
public interface IApiSurface
{
    /// <summary>
    /// The surface of one cluster now. The same instance for as long as nothing changes, and for all clusters without
    /// resources of their own: documents are cached by instance.
    /// </summary>
    ApiSurface For(ClusterName cluster);
}

/// <summary>All groups that a cluster serves, in discovery order; the core group has the empty name and comes first.</summary>
/// <param name="groups">Share the instances of groups that do not differ between clusters.</param>
public sealed class ApiSurface(IReadOnlyList<ApiGroupSurface> groups)
{
    public IReadOnlyList<ApiGroupSurface> Groups { get; } = groups;

    public ApiGroupSurface? Find(string group) => Groups.FirstOrDefault(g => g.Name == group);
}

/// <summary>One group.</summary>
/// <param name="versions">Preferred version first.</param>
public sealed class ApiGroupSurface(string name, IReadOnlyList<ApiVersionSurface> versions)
{
    public string Name { get; } = name;

    public IReadOnlyList<ApiVersionSurface> Versions { get; } = versions;
}

/// <summary>One version of a group.</summary>
/// <param name="Resources">In any order; discovery sorts them by name.</param>
public sealed record ApiVersionSurface(string Version, IReadOnlyList<ApiResourceSurface> Resources);

/// <summary>One resource as clients discover it.</summary>
public sealed record ApiResourceSurface
{
    /// <summary>Plural, as in the path.</summary>
    public required string Name { get; init; }

    public required string Singular { get; init; }

    public required string Kind { get; init; }

    public required bool Namespaced { get; init; }

    public required IReadOnlyList<string> Verbs { get; init; }

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    public IReadOnlyList<ApiSubresourceSurface> Subresources { get; init; } = [];

    /// <summary>Kind in the version that objects are stored in; null for what is stored nowhere, such as reviews.</summary>
    public GroupVersionKind? StoredKind { get; init; }
}

/// <summary>One subresource.</summary>
/// <param name="Name">Without the resource: <c>status</c>.</param>
/// <param name="Kind">What it answers; group and version empty when they are the resource's own.</param>
public sealed record ApiSubresourceSurface(string Name, GroupVersionKind Kind, IReadOnlyList<string> Verbs);
