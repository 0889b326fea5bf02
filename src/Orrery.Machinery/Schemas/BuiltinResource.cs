using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>One resource that every API server serves without a CustomResourceDefinition.</summary>
public sealed record BuiltinResource
{
    public required GroupVersionResource Resource { get; init; }

    public required string Kind { get; init; }

    public required string Singular { get; init; }

    public required bool Namespaced { get; init; }

    /// <summary>Such as <c>create</c>, <c>get</c>, <c>list</c>, <c>watch</c>.</summary>
    public required IReadOnlyList<string> Verbs { get; init; }

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    /// <summary>Such as <c>all</c>.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    public IReadOnlyList<BuiltinSubresource> Subresources { get; init; } = [];

    public GroupVersionKind GroupVersionKind => new(Resource.Group, Resource.Version, Kind);

    internal static BuiltinResource From(string[] keys, JsonObject facts)
    {
        var resource = new GroupVersionResource(keys[0], keys[1], keys[2]);
        return new BuiltinResource
        {
            Resource = resource,
            Kind = (string)facts["kind"]!,
            Singular = (string)facts["singular"]!,
            Namespaced = (bool)facts["namespaced"]!,
            Verbs = Strings(facts["verbs"]),
            ShortNames = Strings(facts["short"]),
            Categories = Strings(facts["categories"]),
            Subresources = facts["sub"] is JsonArray sub
                ? [.. sub.Select(s => new BuiltinSubresource(
                    (string)s!["name"]!,
                    new GroupVersionKind((string?)s["group"] ?? resource.Group, (string?)s["version"] ?? resource.Version, (string)s["kind"]!),
                    Strings(s["verbs"])))]
                : [],
        };
    }

    private static string[] Strings(JsonNode? list) => list is JsonArray array ? [.. array.Select(x => (string)x!)] : [];
}

/// <param name="Name">The last step of the path: <c>status</c>, <c>scale</c>, …</param>
/// <param name="Kind">What its body is; the resource's own group and version unless upstream says another.</param>
/// <param name="Verbs">Such as <c>get</c>, <c>patch</c>, <c>update</c>.</param>
public sealed record BuiltinSubresource(string Name, GroupVersionKind Kind, IReadOnlyList<string> Verbs);
