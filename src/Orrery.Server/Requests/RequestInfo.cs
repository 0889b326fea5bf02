using Orrery.Api;

namespace Orrery.Server.Requests;

/// <summary>
/// What a request asks for, read from method and raw target alone, before anybody is trusted. Everything after it
/// (authentication, authorization, registry) uses these values and never looks at the path again.
/// Rules of apiserver <c>pkg/endpoints/request/requestinfo.go</c>.
/// </summary>
public sealed record RequestInfo
{
    /// <summary>The API addressed: root, one virtual cluster, or <see cref="ClusterName.All"/>.</summary>
    public required ClusterName Cluster { get; init; }

    /// <summary>Decoded path below the cluster's prefix; begins with a slash, keeps a trailing one.</summary>
    public required string Path { get; init; }

    /// <summary>
    /// <c>get list watch create update patch delete deletecollection</c> for a resource, else the HTTP method in lower case.
    /// Empty for a method that no resource knows.
    /// </summary>
    public required string Verb { get; init; }

    /// <summary>Asked by HEAD, whose verb is that of a GET: whoever may read may ask so.</summary>
    public bool IsHead { get; init; }

    /// <summary>The path names a resource of some group version, served or not.</summary>
    public bool IsResourceRequest { get; init; }

    /// <summary><c>api</c>, <c>apis</c> or empty.</summary>
    public string ApiPrefix { get; init; } = "";

    public string Group { get; init; } = "";

    public string Version { get; init; } = "";

    public string Resource { get; init; } = "";

    /// <summary>Empty when the object itself is meant.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>Set for <c>/namespaces/{name}</c> too, as upstream does.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The path goes through a namespace to what is in it.</summary>
    public bool IsBelowNamespace { get; init; }

    /// <summary>Empty for a collection; taken from <c>fieldSelector=metadata.name=…</c> on list and watch.</summary>
    public string Name { get; init; } = "";

    /// <summary>The name stands in the path, not in a field selector.</summary>
    public bool IsNameInPath { get; init; }

    /// <summary>Path segments from the resource on, for subresources that take a tail (<c>proxy/a/b</c>); empty without a subresource.</summary>
    public IReadOnlyList<string> Parts { get; init; } = [];

    /// <summary>Query parameters by case-sensitive name.</summary>
    public RequestQuery Query { get; init; } = RequestQuery.Empty;

    public GroupVersionResource GroupVersionResource => new(Group, Version, Resource);

    public GroupResource GroupResource => new(Group, Resource);

    /// <summary>A watch in the old spelling, by a segment of the path: not all of those look at selectors.</summary>
    public bool IsVerbInPath { get; init; }

    /// <summary>Its selectors say of which objects it is.</summary>
    public bool IsLimitedBySelectors => IsResourceRequest && !IsVerbInPath && (Verb is "list" or "watch" or "deletecollection");

    /// <summary>The verb changes nothing.</summary>
    public bool IsReadOnly => Verb is "get" or "list" or "watch" or "head" or "options";
}
