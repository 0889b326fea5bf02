using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Joining;
using Orrery.Controllers.Tests.Road;
using Orrery.Hub;
using Orrery.Satellite;
using Orrery.Satellite.Joining;
using Orrery.Server.Audit;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Joining;

/// <summary>A control plane that satellites join, and clusters that join it, on one clock that a test shifts.</summary>
internal sealed class JoinWorld : IAsyncDisposable
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> running = [];
    private readonly List<TestServer> clusters = [];
    private readonly ILoggerFactory loggers;

    private JoinWorld(TestServer controlPlane, TunnelHub hub, ShiftedTime clock, ILoggerFactory loggers)
    {
        Hub = hub;
        ControlPlane = controlPlane;
        Clock = clock;
        this.loggers = loggers;
    }

    public TestServer ControlPlane { get; }

    public TunnelHub Hub { get; }

    public ShiftedTime Clock { get; }

    public KubeClient Root => ControlPlane.Admin;

    public static Task<JoinWorld> StartAsync(params string[] dataPlanes) => StartAsync(audit: null, dataPlanes);

    public static Task<JoinWorld> StartAsync(AuditOptions? audit, params string[] dataPlanes) => StartAsync(audit, new TunnelHubOptions().Heartbeat, dataPlanes);

    /// <param name="audit">What the control plane records; null for nothing.</param>
    /// <param name="heartbeat">How often the control plane wants to hear of each satellite.</param>
    public static async Task<JoinWorld> StartAsync(AuditOptions? audit, TimeSpan heartbeat, params string[] dataPlanes)
    {
        var clock = new ShiftedTime();
        ILoggerFactory loggers = Environment.GetEnvironmentVariable("ORRERY_TEST_LOG") is { Length: > 0 } file ? new FileLoggers(file) : NullLoggerFactory.Instance;
        var hub = new TunnelHub(new TunnelHubOptions { Heartbeat = heartbeat, SilenceGrace = TimeSpan.FromSeconds(1), ServerLease = TimeSpan.FromSeconds(4), Time = clock, Loggers = loggers });
        TestServer server = await TestServer.StartAsync(new TestServerOptions
        {
            TimeProvider = clock,
            LoggerFactory = loggers,
            SubresourceHandlers = hub.Handlers,
            Configure = options => options with { Audit = audit, ExpiredCertificates = new ExpiredCertificates(OrreryNames.SatelliteGroup, JoinNames.ExpiredUserPrefix, JoinNames.ExpiredGroup) },
        });
        var world = new JoinWorld(server, hub, clock, loggers);
        var controllers = new OrreryControllers(new ControllersOptions
        {
            Api = server.Config(server.Certificate("orrery:controllers", [UserGroups.Masters], ClusterScope.All)),
            SatelliteCertificateLifetime = Lifetime,
            Time = clock,
            Loggers = loggers,
        });
        world.running.Add(controllers.RunAsync(world.stop.Token));
        ClientConfig self = server.Config(server.Certificate(OrreryNames.ServerUser, [UserGroups.Masters], ClusterScope.Root));
        world.running.Add(hub.RunAsync(new HubAccess(self, server.Url), world.stop.Token));
        await controllers.Ready.WaitAsync(TimeSpan.FromSeconds(60));
        foreach (string name in dataPlanes)
        {
            await world.AddDataPlaneAsync(name);
        }

        return world;
    }

    public async Task AddDataPlaneAsync(string name)
    {
        await Root.CreateAsync(OrreryResources.DataPlanes, "", new JsonObject
        {
            ["apiVersion"] = OrreryResources.ApiVersion, ["kind"] = "DataPlane", ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = new JsonObject(),
        }, default);
        await Eventually.SomeAsync(() => Root.FindAsync(CoreResources.Namespaces, "", "dp-" + name, default), "namespace of " + name);
    }

    public async Task<TestServer> AddClusterAsync()
    {
        TestServer cluster = await TestServer.StartAsync(new TestServerOptions { TimeProvider = Clock });
        clusters.Add(cluster);
        return cluster;
    }

    /// <summary>What <c>orrery data-plane add</c> and <c>token</c> do.</summary>
    public async Task<JoinInvitation> InviteAsync(string dataPlane, bool newCluster = false) =>
        await new InvitationWriter(Root, Clock).InviteAsync(dataPlane, newCluster, default) is var made
            ? new JoinInvitation(ControlPlane.Url, made.Token, ControlPlane.CaPem, null) : throw new InvalidOperationException();

    /// <summary>A satellite that runs until it is disposed.</summary>
    /// <param name="time">Its machine's clock; null for the one of the world.</param>
    /// <param name="log">Its log; null for that of the world.</param>
    public RunningSatellite Satellite(string dataPlane, TestServer cluster, Func<JoinInvitation?> invitation, TimeProvider? time = null, ILoggerFactory? log = null) => new(
        new JoiningSatellite(
            new SatelliteOptions
            {
                DataPlane = dataPlane,
                Cluster = cluster.Config(cluster.Certificate("orrery-satellite", [UserGroups.Masters], ClusterScope.Root)),
                HeartbeatInterval = TimeSpan.FromMilliseconds(500),
                Time = time ?? Clock,
                Loggers = log ?? loggers,
            },
            new JoinOptions
            {
                Invitation = _ => ValueTask.FromResult(invitation()),
                CertificateLifetime = Lifetime,
                LookInterval = TimeSpan.FromMilliseconds(100),
                PollInterval = TimeSpan.FromMilliseconds(50),
                LongestPoll = TimeSpan.FromMilliseconds(200),
            }),
        stop.Token);

    public Task<KubeObject> DataPlaneAsync(string name) => Root.GetAsync(OrreryResources.DataPlanes, "", name, default);

    public Task ConditionAsync(string dataPlane, string type, string status, string? reason = null) => Eventually.TrueAsync(
        async () => Conditions.Find(await DataPlaneAsync(dataPlane), type) is { } c && c.Status == status && (reason is null || c.Reason == reason),
        $"data plane {dataPlane} is {type}={status} {reason}",
        TimeSpan.FromSeconds(60));

    public Task EventAsync(string reason) => Eventually.TrueAsync(
        async () => (await Root.ListAsync(CoreResources.Events, "default", null, default)).Items.Any(e => e.TextAt("reason") == reason && e.TextAt("involvedObject", "kind") == "DataPlane"),
        $"event {reason}");

    /// <summary>The certificate that a cluster's satellite keeps.</summary>
    public static async Task<X509Certificate2?> CertificateAsync(TestServer cluster) =>
        await cluster.Admin.FindAsync(Secrets, JoinNames.SystemNamespace, JoinNames.IdentitySecret, default) is { } secret
        && secret.TextAt("data", "tls.crt") is { } certificate && secret.TextAt("data", "tls.key") is { } key
            ? X509Certificate2.CreateFromPem(Text(certificate), Text(key)) : null;

    /// <summary>A signing request as a satellite would send it, but for what the test changes.</summary>
    public static JsonObject Request(string user, string group, string clusterUid = "some-cluster", string[]? usages = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName(group);
        subject.AddCommonName(user);
        string pem = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        return new JsonObject
        {
            ["apiVersion"] = "certificates.k8s.io/v1",
            ["kind"] = "CertificateSigningRequest",
            ["metadata"] = new JsonObject { ["generateName"] = "test-", ["annotations"] = new JsonObject { [JoinNames.ClusterUidAnnotation] = clusterUid } },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(pem)),
                ["signerName"] = JoinNames.Signer,
                ["expirationSeconds"] = 3600,
                ["usages"] = new JsonArray([.. (usages ?? ["client auth", "digital signature"]).Select(u => (JsonNode)u)]),
            },
        };
    }

    /// <summary>Sends a request by a bearer token and waits for its refusal.</summary>
    public async Task RefusedAsync(string token, JsonObject request, string reason)
    {
        using var client = new KubeClient(ControlPlane.Config(token: token));
        string name = (await client.CreateAsync(CoreResources.SigningRequests, "", request, default)).Name;
        await Eventually.TrueAsync(
            async () => Conditions.Find(await Root.GetAsync(CoreResources.SigningRequests, "", name, default), "Denied") is { } denied && denied.Reason == reason,
            $"request {name} is denied as {reason}");
        Assert.Null((await Root.GetAsync(CoreResources.SigningRequests, "", name, default)).TextAt("status", "certificate"));
    }

    /// <summary>Asks for the certificate of a data plane's satellite by a token, from a cluster of that uid.</summary>
    public async Task<KubeObject> AskAsync(string dataPlane, JoinInvitation invitation, string clusterUid)
    {
        using var client = new KubeClient(ControlPlane.Config(token: invitation.Token));
        string user = SatelliteUserName.Of(await DataPlaneAsync(dataPlane)).ToString();
        return await client.CreateAsync(CoreResources.SigningRequests, "", Request(user, OrreryNames.SatelliteGroup, clusterUid), default);
    }

    /// <summary>Waits until a request is decided about.</summary>
    /// <returns>The reason, with the decision before it.</returns>
    public async Task<string> VerdictAsync(KubeObject request)
    {
        KubeObject decided = await Eventually.SomeAsync(
            async () => await Root.GetAsync(CoreResources.SigningRequests, "", request.Name, default) is var now && now.At("status", "conditions") is not null ? now : null,
            $"a decision about {request.Name}");
        return Conditions.Find(decided, "Approved") is { } approved ? "Approved " + approved.Reason : "Denied " + Conditions.Find(decided, "Denied")!.Reason;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(running);
        foreach (TestServer cluster in clusters)
        {
            await cluster.DisposeAsync();
        }

        await ControlPlane.DisposeAsync();
        loggers.Dispose();
        stop.Dispose();
    }

    private static string Text(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));
}

/// <summary>One satellite of a test.</summary>
internal sealed class RunningSatellite : IAsyncDisposable
{
    private readonly CancellationTokenSource stop;
    private readonly Task run;

    public RunningSatellite(JoiningSatellite satellite, CancellationToken world)
    {
        stop = CancellationTokenSource.CreateLinkedTokenSource(world);
        run = satellite.RunAsync(stop.Token);
    }

    /// <summary>Ends with the satellite, and with its fault if it had one.</summary>
    public Task Run => run;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await run;
        stop.Dispose();
    }
}
