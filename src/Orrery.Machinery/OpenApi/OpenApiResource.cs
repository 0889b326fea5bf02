using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.OpenApi;

/// <summary>One resource of one group version, as its documents describe it.</summary>
public sealed record OpenApiResource
{
    public required GroupVersionResource Resource { get; init; }

    public required string Kind { get; init; }

    public required string ListKind { get; init; }

    public required bool Namespaced { get; init; }

    /// <summary>Discovery's verbs: <c>get</c>, <c>list</c>, <c>create</c>, …</summary>
    public required IReadOnlyCollection<string> Verbs { get; init; }

    public IReadOnlyList<OpenApiSubresource> Subresources { get; init; } = [];

    /// <summary>The compiled schema of a custom kind; null for a built-in one, which is known by its name.</summary>
    public Schema? Custom { get; init; }

    public GroupVersionKind GroupVersionKind => new(Resource.Group, Resource.Version, Kind);

    public static OpenApiResource From(BuiltinResource resource) => new()
    {
        Resource = resource.Resource,
        Kind = resource.Kind,
        ListKind = resource.Kind + "List",
        Namespaced = resource.Namespaced,
        Verbs = resource.Verbs,
        Subresources = [.. resource.Subresources.Select(s => new OpenApiSubresource(s.Name, s.Kind, s.Verbs))],
    };
}

/// <param name="Name">The last step of the path.</param>
/// <param name="Kind">What its body is, with its full group and version.</param>
/// <param name="Verbs">Discovery's verbs.</param>
public sealed record OpenApiSubresource(string Name, GroupVersionKind Kind, IReadOnlyCollection<string> Verbs);
