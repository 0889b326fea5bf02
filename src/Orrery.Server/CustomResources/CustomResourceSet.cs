using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Discovery;
using Orrery.Server.Registry;

namespace Orrery.Server.CustomResources;

/// <summary>
/// The custom resources of every cluster, out of its CustomResourceDefinitions. Looked up per request and rebuilt only
/// when a definition of that cluster changed; equal definitions in many clusters are compiled once.
/// </summary>
internal sealed class CustomResourceSet(CacheSet caches)
{
    public static readonly GroupResource Definitions = new("apiextensions.k8s.io", "customresourcedefinitions");

    private readonly ResourceCache cache = caches.For(Definitions);
    private readonly ConcurrentDictionary<ClusterName, Entry> clusters = new();
    private readonly ConcurrentDictionary<string, WeakReference<CompiledDefinition>> compiled = new(StringComparer.Ordinal);

    public ClusterResources For(ClusterName cluster)
    {
        if (cluster.IsAll)
        {
            return ClusterResources.None;
        }

        CacheSnapshot now = cache.Current;
        clusters.TryGetValue(cluster, out Entry? known);
        if (known is not null && ReferenceEquals(known.Objects, now.Objects))
        {
            return known.Resources;
        }

        CachedObject[] definitions = [.. now.Range(StoreKey.Prefix(Definitions, cluster))];
        ClusterResources resources = known is not null && known.Definitions.AsSpan().SequenceEqual(definitions) ? known.Resources : Build(definitions);
        clusters[cluster] = new Entry(now.Objects, definitions, resources);
        return resources;
    }

    /// <summary>A custom resource as some virtual cluster defines it, for who looks over all of them; null when none does.</summary>
    public ResourceDefinition? FindInAny(GroupVersionResource resource)
    {
        string name = $"{resource.Resource}.{resource.Group}";
        foreach (CachedObject item in cache.Current.Range(StoreKey.Prefix(Definitions)))
        {
            if (item.Key.EndsWith(name, StringComparison.Ordinal) && item.Name == name && !item.Cluster.IsRoot && For(item.Cluster).Find(resource) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Lets go of a cluster that is no more.</summary>
    public void Forget(ClusterName cluster) => clusters.TryRemove(cluster, out _);

    private ClusterResources Build(CachedObject[] definitions)
    {
        var found = new List<CompiledDefinition>();
        foreach (CachedObject item in definitions)
        {
            JsonObject definition = StoredJson.Parse(item.Json.Span);
            if (DefinitionStatus.IsTrue(definition, "Established") && definition["spec"] is JsonObject spec)
            {
                found.Add(Compile(definition, spec));
            }
        }

        return found.Count == 0 ? ClusterResources.None : new ClusterResources(found);
    }

    private CompiledDefinition Compile(JsonObject definition, JsonObject spec)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(ObjectEncoding.Write(spec));
        hash.AppendData(ObjectEncoding.Write(CompiledDefinition.NamesOf(definition)));
        string digest = Convert.ToHexString(hash.GetHashAndReset());
        if (compiled.TryGetValue(digest, out WeakReference<CompiledDefinition>? known) && known.TryGetTarget(out CompiledDefinition? shared))
        {
            return shared;
        }

        CompiledDefinition made = CompiledDefinition.From(definition);
        compiled[digest] = new WeakReference<CompiledDefinition>(made);
        return made;
    }

    private sealed record Entry(object Objects, CachedObject[] Definitions, ClusterResources Resources);
}

/// <summary>The custom resources of one cluster at one time.</summary>
internal sealed class ClusterResources
{
    public static readonly ClusterResources None = new([]);

    private readonly Dictionary<GroupVersionResource, ResourceDefinition> byResource;
    private readonly IReadOnlyList<CompiledDefinition> definitions;
    private ApiSurface? surface;
    private ApiSurface? over;

    public ClusterResources(IReadOnlyList<CompiledDefinition> definitions)
    {
        this.definitions = definitions;
        byResource = definitions.SelectMany(d => d.Versions).ToDictionary(v => v.Resource);
    }

    public IEnumerable<ResourceDefinition> All => byResource.Values;

    public ResourceDefinition? Find(GroupVersionResource resource) => byResource.GetValueOrDefault(resource);

    /// <summary>What the cluster serves with these beside what every cluster does: one instance for as long as neither changes.</summary>
    public ApiSurface Surface(ApiSurface builtin)
    {
        if (definitions.Count == 0)
        {
            return builtin;
        }

        if (surface is null || over != builtin)
        {
            IEnumerable<ApiGroupSurface> groups = definitions.GroupBy(d => d.Group).OrderBy(g => g.Key, StringComparer.Ordinal).Select(Group);
            surface = new ApiSurface([.. builtin.Groups, .. groups]);
            over = builtin;
        }

        return surface;
    }

    private static ApiGroupSurface Group(IGrouping<string, CompiledDefinition> group) => new(
        group.Key,
        [.. group.SelectMany(d => d.Versions)
            .GroupBy(v => v.Resource.Version)
            .OrderBy(v => v.Key, VersionOrder.Instance)
            .Select(v => new ApiVersionSurface(v.Key, [.. v.Select(BuiltinResources.SurfaceOf)]))]);
}
