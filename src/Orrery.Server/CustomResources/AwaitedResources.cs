using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;
using Orrery.Storage;

namespace Orrery.Server.CustomResources;

/// <summary>
/// Custom resources that somebody puts into root when it is first started, and that its users take for granted: the server is not ready before.
/// Once all were served it stays ready, whatever becomes of them.
/// </summary>
/// <param name="expected">Null where nothing is waited for.</param>
internal sealed class AwaitedResources(CacheSet caches, Func<IEnumerable<GroupResource>>? expected)
{
    private volatile bool wereServed;

    /// <summary>Nothing is ever waited for.</summary>
    public bool IsEmpty => expected is null;

    /// <summary>
    /// Of a server that has its store to itself, whatever is there already. Servers that share one may be of different versions, and the one that leads may
    /// be of the older, which never installs what only the newer knows: there a store that has custom resources is taken as set up.
    /// </summary>
    public static AwaitedResources Of(ApiServerOptions options, CacheSet caches) =>
        new(caches, options.Store is ILocalStore || !Definitions(caches).Range(StoreKey.Prefix(CustomResourceSet.Definitions, ClusterName.Root)).Any() ? options.AwaitedResources : null);

    public bool AreServed()
    {
        wereServed = wereServed || expected is null || expected().All(IsServed);
        return wereServed;
    }

    /// <summary>What is established is served; nothing is compiled to find out.</summary>
    private bool IsServed(GroupResource resource) =>
        Definitions(caches).Get(StoreKey.Of(CustomResourceSet.Definitions, ClusterName.Root, "", $"{resource.Resource}.{resource.Group}")) is { } definition
        && DefinitionStatus.IsTrue(StoredJson.Parse(definition.Json.Span), "Established");

    private static CacheSnapshot Definitions(CacheSet caches) => caches.For(CustomResourceSet.Definitions).Current;
}
