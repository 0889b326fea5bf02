using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server;
using Orrery.Server.Authentication;
using Orrery.Server.Handlers;
using Orrery.Server.Security;
using Orrery.Storage;
using Orrery.Storage.Memory;

namespace Orrery.Testing;

/// <summary>How a <see cref="TestServer"/> is made. Everything unsaid is a fresh in-memory server.</summary>
public sealed record TestServerOptions
{
    /// <summary>Null makes an in-memory store of the server's own, disposed with it.</summary>
    public IStore? Store { get; init; }

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>What webhooks of virtual clusters may reach beside public addresses.</summary>
    public IReadOnlyList<IPNetwork> WebhookAddresses { get; init; } = [];

    public IReadOnlyList<ISubresourceHandler> SubresourceHandlers { get; init; } = [];

    /// <summary>Last word on what the server is started with.</summary>
    public Func<ApiServerOptions, ApiServerOptions> Configure { get; init; } = options => options;
}

/// <summary>A real API server in this process: TLS on a free loopback port, an authority of its own, clients for it.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    private readonly CertificateAuthority authority;
    private readonly CertificateAuthority signer;
    private readonly ServiceAccountKeys keys;
    private readonly X509Certificate2 certificate;
    private readonly IStore? ownStore;
    private readonly ApiServer server;

    private TestServer(CertificateAuthority authority, CertificateAuthority signer, ServiceAccountKeys keys, X509Certificate2 certificate, IStore? ownStore, ApiServer server, TimeProvider time)
    {
        this.authority = authority;
        this.signer = signer;
        this.keys = keys;
        this.certificate = certificate;
        this.ownStore = ownStore;
        this.server = server;
        Tokens = new AccessTokens(keys, time);
        Admin = new KubeClient(Patient(Config(AdminCertificate())));
    }

    public Uri Url => server.Url;

    /// <summary>For what only whoever runs a server does.</summary>
    public ApiServer Served => server;

    /// <summary>Root's administrator; <c>Admin.InCluster</c> is refused elsewhere, see <see cref="AdminOf"/>.</summary>
    public KubeClient Admin { get; }

    public AccessTokens Tokens { get; }

    public string CaPem => authority.CertificatePem;

    public static async Task<TestServer> StartAsync(TestServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new TestServerOptions();
        CertificateAuthority authority = CertificateAuthority.Create("test authority", Lifetime, TimeProvider.System);

        // What is signed through the API holds by the server's clock, which a test may turn.
        CertificateAuthority signer = CertificateAuthority.Load(authority.CertificatePem, authority.KeyPem, options.TimeProvider);
        X509Certificate2 certificate = authority.IssueServer(["localhost"], [IPAddress.Loopback], Lifetime).ToX509();
        ServiceAccountKeys keys = ServiceAccountKeys.Load(ServiceAccountKeys.NewKeyPem());
        IStore? ownStore = options.Store is null ? new MemoryStore(options.TimeProvider) : null;
        ApiServer server = await ApiServer.StartAsync(
            options.Configure(new ApiServerOptions
            {
                Store = options.Store ?? ownStore!,
                ServingCertificate = certificate,
                ClientCas = [authority.Certificate()],
                ServiceAccountKeys = keys,
                Signer = signer,
                TimeProvider = options.TimeProvider,
                LoggerFactory = options.LoggerFactory,
                SubresourceHandlers = options.SubresourceHandlers,
                WebhookAddresses = options.WebhookAddresses,
            }),
            cancellationToken);
        return new TestServer(authority, signer, keys, certificate, ownStore, server, options.TimeProvider);
    }

    /// <summary>A config with this server's address and authority, and the credential given.</summary>
    public ClientConfig Config(X509Certificate2? client = null, string? token = null, ClusterName cluster = default) =>
        new(new Uri(Url, (cluster.Namespace ?? "").Length == 0 ? "/" : cluster.PathPrefix), [authority.Certificate()], client, token);

    /// <param name="scope">A virtual cluster without uid is taken for the one of that name that is there now.</param>
    public X509Certificate2 Certificate(string user, IReadOnlyList<string> groups, ClusterScope scope) =>
        CertificatePems(user, groups, scope).ToX509();

    /// <summary>The PEMs that <see cref="Certificate"/> is made of, for tools that want files.</summary>
    public IssuedCertificate CertificatePems(string user, IReadOnlyList<string> groups, ClusterScope scope) =>
        authority.IssueClient(user, groups, Bound(scope), Lifetime);

    /// <summary>An administrator (system:masters) of one cluster.</summary>
    public KubeClient AdminOf(ClusterName cluster) =>
        new KubeClient(Patient(Config(Certificate("test-admin", [UserGroups.Masters], new ClusterScope(cluster))))).InCluster(cluster);

    /// <summary>A control-plane component: system:masters in every cluster.</summary>
    public KubeClient ControlPlane() => new(Patient(Config(Certificate("test-control-plane", [UserGroups.Masters], ClusterScope.All))));

    /// <summary>A bearer token of an administrator of one cluster.</summary>
    public string AdminToken(ClusterName cluster) => Token("test-admin", [UserGroups.Masters], cluster);

    /// <summary>A bearer token of a user of one cluster.</summary>
    public string Token(string user, IReadOnlyList<string> groups, ClusterName cluster) => Tokens.IssueForUser(user, groups, Bound(new ClusterScope(cluster)), Lifetime);

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await server.DisposeAsync();
        if (ownStore is not null)
        {
            await ownStore.DisposeAsync();
        }

        certificate.Dispose();
        keys.Dispose();
        signer.Dispose();
        authority.Dispose();
    }

    /// <summary>Those who ask for a test share its process, which may be held up for longer than a network may be silent.</summary>
    private static ClientConfig Patient(ClientConfig config) => config with { ConnectTimeout = TimeSpan.FromMinutes(1), PingAfter = TimeSpan.FromMinutes(1) };

    private ClusterScope Bound(ClusterScope scope) =>
        scope.IsIssuable ? scope : server.ScopeOf(scope.Cluster) ?? throw new InvalidOperationException($"there is no virtual cluster {scope.Cluster} yet");

    private X509Certificate2 AdminCertificate() => Certificate("test-admin", [UserGroups.Masters], ClusterScope.Root);
}
