using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Admission;
using Orrery.Server.Authentication;
using Orrery.Server.Authorization;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Discovery;
using Orrery.Server.Registry;

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
        var objects = new ObjectStore(caches);

        // 2. Who asks, and whether they may.
        var authorizer = new MastersOnly();
        var authenticator = new RequestAuthenticator(
            new CertificateAuthenticator(options.ClientCas, time, loggers.CreateLogger<CertificateAuthenticator>()),
            new TokenAuthenticator(
                options.StaticTokenFile is { } file ? StaticTokens.Parse(await File.ReadAllTextAsync(file, cancellationToken)) : null,
                options.ServiceAccountKeys, new ClusterObjects(objects, resources), time, loggers.CreateLogger<TokenAuthenticator>()),
            new Impersonation(authorizer, loggers.CreateLogger<Impersonation>()),
            loggers.CreateLogger<RequestAuthenticator>());

        // 3. Writes.
        var admission = new AdmissionChain([]);
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
            Authenticator = authenticator,
            Authorizer = authorizer,
            Discovery = new DiscoveryEndpoint(resources, options.PublicUrl?.Authority ?? $"{options.Address}:{options.Port}"),
            Names = names,
            SubresourceHandlers = options.SubresourceHandlers.ToDictionary(h => (h.Resource, h.Subresource)),
        };
    }

    /// <summary>Until RBAC is wired in: administrators may do anything, everybody else nothing.</summary>
    private sealed class MastersOnly : IAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationAttributes attributes) => new(attributes.User.IsMaster, "");
    }
}

/// <summary>Finds objects for authentication.</summary>
internal sealed class ClusterObjects(ObjectStore objects, ResourceCatalog resources) : IClusterObjects
{
    public KubeObject? Find(ClusterName cluster, GroupResource resource, string ns, string name) =>
        resources.FindStored(cluster, resource) is { } definition && objects.Find(definition, cluster, ns, name) is { } found
            ? KubeObject.Parse(found.Json.Span)
            : null;
}
