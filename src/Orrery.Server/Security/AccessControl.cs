using Microsoft.Extensions.Logging;
using Orrery.Server.Authentication;
using Orrery.Server.Authentication.Oidc;
using Orrery.Server.Authorization;
using Orrery.Server.Authorization.Nodes;
using Orrery.Server.Authorization.Webhook;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Configuration;
using Orrery.Server.Discovery;
using Orrery.Server.Webhooks;

namespace Orrery.Server.Security;

/// <summary>Everything that decides who may do what in which cluster, wired over the caches of one server.</summary>
internal sealed class AccessControl
{
    private AccessControl(AuthenticationOptions options, CacheSet caches, AddressGuard addresses, DateTimeOffset created, IApiSurface surface, TimeProvider time, ILoggerFactory logs)
    {
        Clusters = new LogicalClusters(caches);
        BaseLayer = new BaseLayer(created, options.RootCertificatePem ?? NamespaceContents.Pem(options.ClientAuthorities), Clusters.IdentityOf, surface);
        Objects = new ClusterObjects(caches, BaseLayer);
        Rbac = new RbacAuthorizer(new RbacIndexes(caches, BaseLayer, Clusters), options.Authorization);
        Chain = options.Authorizers is { } several ? new AuthorizerChain(several, Rbac, new NodeAuthorizer(caches, () => BaseLayer.Rbac.Role("", "system:node")!.Rules), time, logs.CreateLogger<AuthorizerChain>()) : null;
        Authorizer = Chain is null ? Rbac : Chain;
        AuthorizersFile = options.AuthorizersFile is { } followed && Chain is { } chain
            ? new FollowedFile(followed.Path, text => chain.Configure(AuthorizationConfiguration.Parse(text, followed.Connect)), time, logs.CreateLogger<FollowedFile>())
            : null;
        RoleAggregation = new RoleAggregation(caches, BaseLayer, Rbac, Clusters, time, logs.CreateLogger<RoleAggregation>());
        RoleGuard = new RoleGuard(Rbac, Authorizer);
        AccessReviews = new AccessReviews(Rbac, Authorizer, user => Chain?.Unlisted(user) ?? []);

        Providers = new TokenProviders(caches, options.Issuers, addresses, new AnonymousRule(options.AllowsAnonymous), time, logs.CreateLogger<TokenProviders>());
        if (options.Oidc is { } provider)
        {
            Providers.Trust(provider.ToProvider());
        }

        ProvidersFile = options.ConfigurationFile is { } file ? new FollowedFile(file, Providers.Configure, time, logs.CreateLogger<FollowedFile>()) : null;
        var tokens = new TokenAuthenticator(options, Providers, Clusters, Objects, time, logs.CreateLogger<TokenAuthenticator>());
        IdentityReviews = new IdentityReviews(tokens, Clusters, time);
        TokenRequests = options.TokenKeys is null ? null : new TokenRequests(new AccessTokens(options.TokenKeys, time, options.Issuers), options.Issuers, Clusters, Objects, time);
        Impersonation = new Impersonation(Authorizer, logs.CreateLogger<Impersonation>());
        Authenticator = new RequestAuthenticator(
            options.FrontProxy is { } proxy ? new FrontProxy(proxy, time, logs.CreateLogger<FrontProxy>()) : null,
            new CertificateAuthenticator(options.ClientAuthorities, options.UnscopedCredentials, options.ExpiredCertificates, time, logs.CreateLogger<CertificateAuthenticator>()),
            tokens,
            Clusters,
            Providers,
            logs.CreateLogger<RequestAuthenticator>());
    }

    public IAuthenticator Authenticator { get; }

    /// <summary>To be disposed with the server.</summary>
    public TokenProviders Providers { get; }

    /// <summary>Null where no file names providers. To be disposed with the server, before <see cref="Providers"/>.</summary>
    public FollowedFile? ProvidersFile { get; }

    public Impersonation Impersonation { get; }

    /// <summary>Whom everything asks.</summary>
    public IAuthorizer Authorizer { get; }

    /// <summary>Roles and bindings alone: what they grant, whoever else decides beside them.</summary>
    public RbacAuthorizer Rbac { get; }

    /// <summary>Null where roles and bindings decide alone. To be disposed with the server.</summary>
    public AuthorizerChain? Chain { get; }

    /// <summary>Null where no file says who decides. To be disposed with the server, before <see cref="Chain"/>.</summary>
    public FollowedFile? AuthorizersFile { get; }

    public RoleGuard RoleGuard { get; }

    /// <summary>To be run for as long as the server does.</summary>
    public RoleAggregation RoleAggregation { get; }

    public AccessReviews AccessReviews { get; }

    public IdentityReviews IdentityReviews { get; }

    /// <summary>Null when the server has no keys to sign with.</summary>
    public TokenRequests? TokenRequests { get; }

    public LogicalClusters Clusters { get; }

    public BaseLayer BaseLayer { get; }

    public IClusterObjects Objects { get; }

    /// <param name="created">When this installation was set up: the creationTimestamp of base objects.</param>
    /// <param name="surface">What each cluster serves.</param>
    /// <param name="addresses">Where providers of virtual clusters may be.</param>
    /// <exception cref="FormatException">The token file, or that of providers, is not of its form.</exception>
    public static AccessControl Create(AuthenticationOptions options, CacheSet caches, AddressGuard addresses, DateTimeOffset created, IApiSurface surface, TimeProvider time, ILoggerFactory logs) =>
        new(options, caches, addresses, created, surface, time, logs);
}
