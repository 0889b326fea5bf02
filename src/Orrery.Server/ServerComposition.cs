using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Admission;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Server.Discovery;
using Orrery.Server.OpenApi;
using Orrery.Server.Registry;
using Orrery.Server.Security;

namespace Orrery.Server;

/// <summary>Puts the parts of a server together.</summary>
internal static class ServerComposition
{
    public static async Task<ServerState> ComposeAsync(ApiServerOptions options, CancellationToken cancellationToken)
    {
        ILoggerFactory loggers = options.LoggerFactory;
        TimeProvider time = options.TimeProvider;
        var names = new NameSource(options.Seed is { } seed ? new Random(seed) : new Random());

        // 1. State.
        CacheSet caches = await CacheSet.StartAsync(options.Store, time, loggers.CreateLogger<CacheSet>(), cancellationToken);
        var resources = new ResourceCatalog();

        // 2. Who asks, and whether they may.
        AccessControl access = AccessControl.Create(
            new AuthenticationOptions
            {
                ClientAuthorities = options.ClientCas,
                TokenKeys = options.ServiceAccountKeys,
                StaticTokens = options.StaticTokenFile is { } file ? await File.ReadAllTextAsync(file, cancellationToken) : null,
            },
            caches, SetUpAt(caches, time), time, loggers);
        var objects = new ObjectStore(caches, access.BaseLayer);

        // 3. Writes.
        var admission = new AdmissionChain([new RoleEscalation(access.RoleGuard)]);
        var addresses = new ServiceAddresses(caches, names);
        var creation = new ObjectCreation(objects, admission, addresses, time, names);
        return new ServerState
        {
            Options = options,
            Caches = caches,
            Resources = resources,
            Objects = objects,
            Creation = creation,
            Update = new ObjectUpdate(objects, admission, addresses, creation, time),
            Deletion = new ObjectDeletion(objects, admission, time),
            Admission = admission,
            Access = access,
            Discovery = new DiscoveryEndpoint(resources, options.PublicUrl?.Authority ?? $"{options.Address}:{options.Port}"),
            OpenApi = new OpenApiEndpoint(resources),
            Names = names,
            SubresourceHandlers = options.SubresourceHandlers.ToDictionary(h => (h.Resource, h.Subresource)),
        };
    }

    /// <summary>When this installation was first started: its oldest namespace is made then.</summary>
    private static DateTimeOffset SetUpAt(CacheSet caches, TimeProvider time)
    {
        CachedObject? first = caches.For(new GroupResource("", "namespaces")).Current.Get(StoreKey.Of(new GroupResource("", "namespaces"), ClusterName.Root, "", "kube-system"));
        return first is null ? time.GetUtcNow() : KubeObject.Parse(first.Json.Span).CreationTimestamp ?? time.GetUtcNow();
    }
}
