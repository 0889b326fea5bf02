using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Discovery;
using Orrery.Server.Registry;

namespace Orrery.Server.CustomResources;

/// <summary>
/// The custom resources of every cluster, out of its CustomResourceDefinitions. Looked up per request and rebuilt only
/// when a definition of that cluster changed; equal definitions in many clusters are compiled once.
/// </summary>
internal sealed class CustomResourceSet(CacheSet caches) : IClusterMemory
{
    public static readonly GroupResource Definitions = new("apiextensions.k8s.io", "customresourcedefinitions");

    private readonly ResourceCache cache = caches.For(Definitions);
    private readonly ConcurrentDictionary<ClusterName, Entry> clusters = new();
    private readonly WeakValues<CompiledDefinition> compiled = new();
    private readonly WeakValues<ClusterResources> combined = new();

    public ClusterResources For(ClusterName cluster)
    {
        if (cluster.IsAll)
        {
            return ClusterResources.None;
        }

        long changed = cache.ChangedAt;
        clusters.TryGetValue(cluster, out Entry? known);
        if (known is not null && known.ChangedAt == changed)
        {
            return known.Resources;
        }

        CacheSnapshot now = cache.Current;
        Made[] made = [.. now.Range(StoreKey.Prefix(Definitions, cluster)).Select(item => Make(item, known))];
        ClusterResources resources = known is not null && known.Made.AsSpan().SequenceEqual(made) ? known.Resources : Combine([.. made.Select(m => m.Definition).OfType<CompiledDefinition>()]);
        clusters[cluster] = new Entry(changed, made, resources);
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

    public void Forget(ClusterName cluster) => clusters.TryRemove(cluster, out _);

    /// <summary>What was made of the same object before is not made again.</summary>
    private Made Make(CachedObject item, Entry? known)
    {
        foreach (Made before in known?.Made ?? [])
        {
            if (ReferenceEquals(before.Item, item))
            {
                return before;
            }
        }

        JsonObject definition = StoredJson.Parse(item.Json.Span);
        return new Made(item, DefinitionStatus.IsTrue(definition, "Established") && definition["spec"] is JsonObject spec ? Compile(item, definition, spec) : null);
    }

    /// <summary>Clusters with the same definitions share all that is made of them, documents too.</summary>
    private ClusterResources Combine(CompiledDefinition[] definitions)
    {
        if (definitions.Length == 0)
        {
            return ClusterResources.None;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (CompiledDefinition definition in definitions)
        {
            hash.AppendData(Encoding.ASCII.GetBytes(definition.Digest));
        }

        return combined.GetOrAdd(Convert.ToHexString(hash.GetHashAndReset()), () => new ClusterResources(definitions));
    }

    private CompiledDefinition Compile(CachedObject item, JsonObject definition, JsonObject spec)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(ObjectEncoding.Write(spec));
        hash.AppendData(ObjectEncoding.Write(CompiledDefinition.NamesOf(definition)));
        hash.AppendData([(byte)(definition.Generation > 1 ? 1 : 0)]);
        string digest = Convert.ToHexString(hash.GetHashAndReset());
        return compiled.GetOrAdd(digest, () => CompiledDefinition.From(definition, digest, item));
    }

    /// <param name="Definition">Null while it is not established.</param>
    private readonly record struct Made(CachedObject Item, CompiledDefinition? Definition);

    /// <param name="ChangedAt">Of the cache, before it was looked at.</param>
    private sealed record Entry(long ChangedAt, Made[] Made, ClusterResources Resources);
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
            ApiGroupSurface[] groups = [.. definitions.Where(d => d.Versions.Count > 0).GroupBy(d => d.Group).OrderBy(g => g.Key, StringComparer.Ordinal).Select(Group)];
            surface = new ApiSurface([
                .. builtin.Groups.Select(g => groups.FirstOrDefault(own => own.Name == g.Name) is { } own ? Together(own, g) : g),
                .. groups.Where(own => builtin.Find(own.Name) is null),
            ]);
            over = builtin;
        }

        return surface;
    }

    /// <summary>Versions that a cluster adds to a group of every cluster come first, as upstream, where definitions register them with the higher priority.</summary>
    private static ApiGroupSurface Together(ApiGroupSurface own, ApiGroupSurface builtin) => new(own.Name, [.. own.Versions, .. builtin.Versions]);

    private static ApiGroupSurface Group(IGrouping<string, CompiledDefinition> group) => new(
        group.Key,
        [.. group.SelectMany(d => d.Versions)
            .GroupBy(v => v.Resource.Version)
            .OrderBy(v => v.Key, VersionOrder.Instance)
            .Select(v => new ApiVersionSurface(v.Key, [.. v.Select(BuiltinResources.SurfaceOf)]))]);
}
