using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Authentication;
using Orrery.Server.Authorization;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.CustomResources;
using Orrery.Server.Registry;
using Orrery.Server.Requests;
using Orrery.Server.Security;
using Orrery.Server.Webhooks;
using Orrery.Storage;
using Orrery.Storage.Memory;

namespace Orrery.Server.Tests.Security;

/// <summary>A memory store with caches and access control over it, its authority, its keys, and a clock to turn.</summary>
internal sealed class AccessWorld : IAsyncDisposable
{
    public static readonly ClusterName Shop = new("acme", "shop");
    public static readonly ClusterName Other = new("beta", "shop");
    public static readonly DateTimeOffset Created = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly MemoryStore store;

    private AccessWorld(MemoryStore store, CacheSet caches, TurnedClock clock, string? tokenFile, Func<AuthenticationOptions, AuthenticationOptions>? configure)
    {
        this.store = store;
        Caches = caches;
        Clock = clock;
        Authority = CertificateAuthority.Create("orrery test", TimeSpan.FromDays(3650), clock);
        Keys = ServiceAccountKeys.Load(ServiceAccountKeys.NewKeyPem());
        Tokens = new AccessTokens(Keys, clock);
        var options = new AuthenticationOptions { ClientAuthorities = [Authority.Certificate()], TokenKeys = Keys, StaticTokens = tokenFile };
        Access = AccessControl.Create(configure?.Invoke(options) ?? options, caches, new AddressGuard([]), Created, new ResourceCatalog(new CustomResourceSet(caches), servesVirtualClusters: true, new HashSet<string>()), clock, NullLoggerFactory.Instance);
    }

    public CacheSet Caches { get; }

    public TurnedClock Clock { get; }

    public CertificateAuthority Authority { get; }

    public ServiceAccountKeys Keys { get; }

    public AccessTokens Tokens { get; }

    public AccessControl Access { get; }

    /// <summary>With virtual clusters acme/shop and beta/shop.</summary>
    /// <param name="configure">Last word on who is let in.</param>
    public static async Task<AccessWorld> StartAsync(string? tokenFile = null, Func<AuthenticationOptions, AuthenticationOptions>? configure = null, TurnedClock? clock = null)
    {
        clock ??= new TurnedClock(new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
        var store = new MemoryStore(TimeProvider.System);
        CacheSet caches = await CacheSet.StartAsync(store, TimeProvider.System, NullLogger<CacheSet>.Instance, TestContext.Current.CancellationToken);
        var world = new AccessWorld(store, caches, clock, tokenFile, configure);
        await world.ServeAsync(Shop);
        await world.ServeAsync(Other);
        return world;
    }

    public static UserInfo User(string name, params string[] groups) => In(ClusterName.Root, name, groups);

    public static UserInfo In(ClusterName cluster, string name, params string[] groups) =>
        new() { Name = name, Groups = [.. groups, UserGroups.Authenticated], Scope = new ClusterScope(cluster) };

    /// <summary>Uid of a cluster that <see cref="ServeAsync"/> serves.</summary>
    public static string UidOf(ClusterName cluster) => $"uid-of-{cluster.Namespace}-{cluster.Name}";

    /// <summary>What a credential for a cluster carries.</summary>
    public static ClusterScope ScopeOf(ClusterName cluster) => new(cluster, cluster.IsRoot || cluster.IsAll ? null : UidOf(cluster));

    public Task ServeAsync(ClusterName cluster, bool deleting = false, string? uid = null, string? weight = null)
    {
        string deletion = deleting ? """, "deletionTimestamp": "2026-01-01T00:00:00Z" """ : "";
        string annotations = weight is null ? "" : $$""", "annotations": {"orrery.dev/request-weight": "{{weight}}"} """;
        return PutAsync(ClusterName.Root, OrreryResources.LogicalClusters.GroupResource,
            $$"""{"apiVersion":"internal.orrery.dev/v1alpha1","kind":"LogicalCluster","metadata":{"name":"{{cluster.Name}}","namespace":"{{cluster.Namespace}}","uid":"{{uid ?? UidOf(cluster)}}","labels":{"deletionTimestamp":"x"}{{deletion}}{{annotations}} } }""");
    }

    public Task PutAsync(ClusterName cluster, string resource, string json) =>
        PutAsync(cluster, new GroupResource(resource.Contains("role") ? "rbac.authorization.k8s.io" : "", resource), json);

    public async Task PutAsync(ClusterName cluster, GroupResource resource, string json)
    {
        JsonObject parsed = JsonNode.Parse(json)!.AsObject();
        await WriteAsync(StoreKey.Of(resource, cluster, parsed.Namespace, parsed.Name), System.Text.Encoding.UTF8.GetBytes(parsed.ToJsonString()));
    }

    public async Task WriteAsync(string key, ReadOnlyMemory<byte>? value)
    {
        CommitResult result = await Caches.CommitAsync(new Transaction([], [new Write(key, value)]), TestContext.Current.CancellationToken);
        Assert.True(result.Succeeded);
    }

    /// <summary>A ClusterRole and a ClusterRoleBinding of the same name that grants it to a user.</summary>
    public async Task GrantAsync(ClusterName cluster, string name, string user, string rules)
    {
        await PutAsync(cluster, "clusterroles", Rbac("ClusterRole", name, "", $"\"rules\":{rules}"));
        await PutAsync(cluster, "clusterrolebindings", Rbac("ClusterRoleBinding", name, "",
            $$"""  "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"{{user}}"}],"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{name}}"}"""));
    }

    public static string Rbac(string kind, string name, string ns, string body) =>
        $$"""{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"{{kind}}","metadata":{"name":"{{name}}"{{(ns.Length == 0 ? "" : $",\"namespace\":\"{ns}\"")}}},{{body}}}""";

    public AuthorizationDecision May(UserInfo user, string verb, string resource, string ns = "", string name = "", ClusterName? cluster = null, string group = "", string subresource = "") =>
        Access.Authorizer.Authorize(new AuthorizationAttributes
        {
            User = user, Cluster = cluster ?? user.Scope.Cluster, Verb = verb, Group = group, Resource = resource, Subresource = subresource, Namespace = ns, Name = name,
        });

    /// <summary>Authenticates a request as the pipeline would.</summary>
    public async Task<UserInfo> IdentifyAsync(string target, X509Certificate2? certificate = null, params (string Name, string Value)[] headers)
    {
        var context = new DefaultHttpContext();
        context.Connection.ClientCertificate = certificate;
        foreach ((string name, string value) in headers)
        {
            context.Request.Headers.Append(name, value);
        }

        RequestInfo info = RequestInfoParser.Parse("GET", target);
        UserInfo user = await Access.Authenticator.AuthenticateAsync(context, info, TestContext.Current.CancellationToken);
        return await Access.Impersonation.ApplyAsync(user, info, context.Request.Headers, null, TestContext.Current.CancellationToken);
    }

    /// <summary>As whom a user's request acts.</summary>
    public ValueTask<UserInfo> ImpersonateAsync(UserInfo by, string target, params (string Name, string Value)[] headers)
    {
        var context = new DefaultHttpContext();
        foreach ((string name, string value) in headers)
        {
            context.Request.Headers.Append(name, value);
        }

        return Access.Impersonation.ApplyAsync(by, RequestInfoParser.Parse("GET", target), context.Request.Headers, null, TestContext.Current.CancellationToken);
    }

    public X509Certificate2 Client(string user, ClusterScope scope, params string[] groups) =>
        Authority.IssueClient(user, groups, scope, TimeSpan.FromDays(1)).ToX509();

    public async ValueTask DisposeAsync()
    {
        await Caches.DisposeAsync();
        await store.DisposeAsync();
        Authority.Dispose();
        Keys.Dispose();
    }
}

/// <summary>A clock that moves only when told to.</summary>
internal sealed class TurnedClock(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;
}
