using System.Collections.Frozen;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Server.Discovery;

namespace Orrery.Server.Registry;

/// <summary>The definitions of all built-in resources, made once for the process and shared by every cluster.</summary>
internal sealed class BuiltinResources
{
    /// <summary>Subresources that the server itself serves; others, such as <c>pods/log</c>, need an <see cref="Handlers.ISubresourceHandler"/>.</summary>
    private static readonly FrozenSet<string> ServedSubresources = FrozenSet.ToFrozenSet(["status", "scale", "binding", "eviction", "finalize", "token", "approval", "ephemeralcontainers", "resize"]);

    /// <summary>Kinds that are asked and answered but kept nowhere: reviews, and what is computed.</summary>
    private static readonly FrozenSet<string> Virtual = FrozenSet.ToFrozenSet(
        ["tokenreviews", "selfsubjectreviews", "localsubjectaccessreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews", "subjectaccessreviews", "bindings", "componentstatuses"]);

    private readonly FrozenDictionary<GroupVersionResource, ResourceDefinition> definitions;

    private readonly FrozenDictionary<GroupVersionResource, ResourceDefinition[]> equivalents;

    private readonly FrozenSet<GroupResource> resources;

    private readonly FrozenSet<(string Group, string Version)> versions;

    private BuiltinResources()
    {
        All = [.. BuiltinTypes.Instance.Resources.Select(Define)];
        definitions = All.ToFrozenDictionary(d => d.Resource);
        equivalents = All
            .GroupBy(d => d.StoredAs)
            .Where(g => g.Count() > 1)
            .SelectMany(g => g.Select(d => (d.Resource, Others: g.Where(o => o != d).ToArray())))
            .ToFrozenDictionary(e => e.Resource, e => e.Others);
        resources = All.Select(d => d.GroupResource).ToFrozenSet();
        versions = All.Select(d => (d.Resource.Group, d.Resource.Version)).ToFrozenSet();
        Surface = SurfaceOf(All);
    }

    public static BuiltinResources Instance { get; } = new();

    public IReadOnlyList<ResourceDefinition> All { get; }

    /// <summary>What a cluster without resources of its own serves.</summary>
    public IReadOnlyList<ApiGroupSurface> Surface { get; }

    public bool HasGroup(string group) => Surface.Any(g => g.Name == group);

    /// <summary>In whatever version, served here or withheld.</summary>
    public bool Has(GroupResource resource) => resources.Contains(resource);

    public bool HasVersion(string group, string version) => versions.Contains((group, version));

    /// <summary>Other built-in resources under which the same objects are served.</summary>
    public IReadOnlyList<ResourceDefinition> Equivalents(ResourceDefinition resource) => equivalents.GetValueOrDefault(resource.Resource, []);

    public ResourceDefinition? Find(GroupVersionResource resource) => definitions.GetValueOrDefault(resource);

    public ResourceDefinition Require(string group, string version, string resource) =>
        Find(new GroupVersionResource(group, version, resource)) ?? throw new InvalidOperationException($"{resource}.{version}.{group} is not built in");

    /// <summary>Whether the kind has the subresource upstream, served here or not.</summary>
    public static bool IsKnownSubresource(GroupVersionResource resource, string subresource) =>
        BuiltinTypes.Instance.Resources.Any(r => r.Resource == resource && r.Subresources.Any(s => s.Name == subresource));

    public static bool IsVirtual(ResourceDefinition definition) => Virtual.Contains(definition.Resource.Resource) && !definition.IsCustom;

    private static ResourceDefinition Define(BuiltinResource resource)
    {
        GroupVersionKind kind = resource.GroupVersionKind;
        Func<Schema> schema = () => BuiltinTypes.Instance.Find(kind) ?? throw new InvalidOperationException($"no type is known for {kind}");
        return new ResourceDefinition(schema)
        {
            Resource = resource.Resource,
            Kind = kind,
            ListKind = kind.Kind + "List",
            Singular = resource.Singular,
            Namespaced = resource.Namespaced,
            Verbs = resource.Verbs.ToFrozenSet(),
            ShortNames = resource.ShortNames,
            Categories = resource.Categories,
            Subresources = resource.Subresources.Where(s => ServedSubresources.Contains(s.Name)).ToFrozenDictionary(s => s.Name, s => new SubresourceDefinition(s.Name, s.Kind, s.Verbs.ToFrozenSet())),
            Strategy = resource.Resource is { Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions" }
                ? new CustomResources.DefinitionStrategy(schema)
                : new BuiltinStrategy(kind, resource.Namespaced, resource.Subresources.Any(s => s.Name == "status"), schema),
            StoredAs = kind.Kind == "Event" ? new GroupResource("", "events") : default,
            StoredKind = StoredKindOf(kind),
            Conversion = Conversions.Find(kind),
        };
    }

    private static GroupVersionKind StoredKindOf(GroupVersionKind kind) => kind switch
    {
        { Kind: "Event" } => new GroupVersionKind("", "v1", "Event"),
        { Group: "autoscaling", Kind: "HorizontalPodAutoscaler" } => kind with { Version = "v2" },
        _ => default,
    };

    private static List<ApiGroupSurface> SurfaceOf(IEnumerable<ResourceDefinition> all)
    {
        Dictionary<GroupVersionResource, ResourceDefinition> served = all.ToDictionary(d => d.Resource);
        return [.. BuiltinTypes.Instance.Resources
            .Where(r => served.ContainsKey(r.Resource))
            .GroupBy(r => r.Resource.Group)
            .Select(g => new ApiGroupSurface(g.Key, [.. g.GroupBy(r => r.Resource.Version).Select(v => new ApiVersionSurface(v.Key, [.. v.Select(r => SurfaceOf(served[r.Resource]))]))]))];
    }

    public static ApiResourceSurface SurfaceOf(ResourceDefinition definition) => new()
    {
        Name = definition.Resource.Resource,
        Singular = definition.Singular,
        Kind = definition.Kind.Kind,
        Namespaced = definition.Namespaced,
        Verbs = [.. definition.Verbs],
        ShortNames = definition.ShortNames,
        Categories = definition.Categories,
        StoredKind = IsVirtual(definition) ? null : definition.StoredKind,
        Subresources = [.. definition.Subresources.Values.Select(s => new ApiSubresourceSurface(
            s.Name,
            s.Kind.Group == definition.Kind.Group && s.Kind.Version == definition.Kind.Version ? new GroupVersionKind("", "", s.Kind.Kind) : s.Kind,
            [.. s.Verbs]))],
    };
}
