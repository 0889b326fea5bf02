using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Hub;
using Orrery.Satellite;
using Orrery.Server.Authentication;
using Orrery.Server.Handlers;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A control plane with its controllers, and data planes with their satellites: all real, in one process.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    public static readonly ClusterName Shop = new("acme", "shop");

    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> running = [];
    private readonly List<IDisposable> clients = [];
    private readonly TestFleetOptions options;
    private Task controllers = Task.CompletedTask;
    private CancellationTokenSource controllersStop = new();

    private TestFleet(TestServer controlPlane, TunnelHub hub, ILoggerFactory loggers, TestFleetOptions options)
    {
        ControlPlane = controlPlane;
        Hub = hub;
        Loggers = loggers;
        this.options = options;
    }

    public TestServer ControlPlane { get; }

    public TunnelHub Hub { get; }

    /// <summary>Of everything that runs in it.</summary>
    public ILoggerFactory Loggers { get; }

    public KubeClient Root => ControlPlane.Admin;

    public Dictionary<string, TestDataPlane> DataPlanes { get; } = [];

    /// <summary>Starts everything and waits until every data plane is ready. The first is in region eu, the others in us.</summary>
    public static Task<TestFleet> StartAsync(params string[] dataPlanes) => StartAsync([], dataPlanes);

    /// <param name="kubelets">What every data plane answers for its pods.</param>
    public static Task<TestFleet> StartAsync(IReadOnlyList<ISubresourceHandler> kubelets, params string[] dataPlanes) => StartAsync(TimeSpan.FromSeconds(1), kubelets, dataPlanes);

    /// <param name="silenceGrace">How long a satellite may be gone before that is written.</param>
    /// <inheritdoc cref="StartAsync(IReadOnlyList{ISubresourceHandler}, string[])"/>
    public static Task<TestFleet> StartAsync(TimeSpan silenceGrace, IReadOnlyList<ISubresourceHandler> kubelets, params string[] dataPlanes) =>
        StartAsync(new TestFleetOptions { SilenceGrace = silenceGrace, Kubelets = kubelets }, dataPlanes);

    /// <inheritdoc cref="StartAsync(string[])"/>
    public static async Task<TestFleet> StartAsync(TestFleetOptions options, params string[] dataPlanes)
    {
        // The log of a run that is looked into: ORRERY_TEST_LOG names a file.
        ILoggerFactory loggers = Environment.GetEnvironmentVariable("ORRERY_TEST_LOG") is { Length: > 0 } file ? new FileLoggers(file) : NullLoggerFactory.Instance;
        var hub = new TunnelHub(new TunnelHubOptions { SilenceGrace = options.SilenceGrace, Loggers = loggers });
        var fleet = new TestFleet(await TestServer.StartAsync(new TestServerOptions { LoggerFactory = loggers, SubresourceHandlers = hub.Handlers, Configure = o => o with { GroupHandlers = hub.Groups, Audit = options.Audit, OrphansHeldInVirtualClusters = PlaceableKinds.WithDependents } }), hub, loggers, options);
        await fleet.StartControllersAsync();
        ClientConfig self = fleet.ControlPlane.Config(fleet.ControlPlane.Certificate(OrreryNames.ServerUser, [UserGroups.Masters], ClusterScope.All));
        fleet.running.Add(hub.RunAsync(new HubAccess(self, fleet.ControlPlane.Url), fleet.stop.Token));
        foreach (string name in dataPlanes)
        {
            await fleet.AddDataPlaneAsync(name, name == dataPlanes[0] ? "eu" : "us");
        }

        foreach (string name in dataPlanes)
        {
            await fleet.ConditionAsync(OrreryResources.DataPlanes, "", name, "Ready", "True");
        }

        return fleet;
    }

    /// <summary>A tenant with a virtual cluster on the data planes named.</summary>
    public async Task<KubeClient> AddVirtualClusterAsync(ClusterName cluster, params string[] dataPlanes)
    {
        if (await Root.FindAsync(OrreryResources.Tenants, "", cluster.Namespace, default) is null)
        {
            await Root.CreateAsync(OrreryResources.Tenants, "", Own("Tenant", cluster.Namespace), default);
            await ConditionAsync(OrreryResources.Tenants, "", cluster.Namespace, "Ready", "True");
        }

        JsonObject body = Own("VirtualCluster", cluster.Name);
        body["spec"] = new JsonObject { ["placement"] = new JsonObject { ["dataPlanes"] = new JsonArray([.. dataPlanes.Select(d => (JsonNode)d)]) } };
        await Root.CreateAsync(OrreryResources.VirtualClusters, cluster.Namespace, body, default);
        await ConditionAsync(OrreryResources.VirtualClusters, cluster.Namespace, cluster.Name, "Ready", "True");
        KubeClient client = ControlPlane.AdminOf(cluster);
        clients.Add(client);
        await Eventually.TrueAsync(
            async () => await client.FindAsync(CoreResources.Namespaces, "", "default", default) is not null, $"namespace default of {cluster}");
        return client;
    }

    /// <summary>They are a process of their own where a control plane has several servers, and may be down while those serve.</summary>
    public async Task StartControllersAsync()
    {
        var started = new OrreryControllers(new ControllersOptions
        {
            Api = ControlPlane.Config(ControlPlane.Certificate("orrery:controllers", [UserGroups.Masters], ClusterScope.All)),
            Time = options.ControllersTime,
            Loggers = Loggers,
        });
        controllersStop = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        controllers = started.RunAsync(controllersStop.Token);
        await started.Ready.WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async Task StopControllersAsync()
    {
        await controllersStop.CancelAsync();
        await controllers;
        controllersStop.Dispose();
    }

    /// <param name="instance">Which process it says that it is; null for one of its own.</param>
    public void StartSatellite(string dataPlane, string? instance = null)
    {
        TestDataPlane plane = DataPlanes[dataPlane];
        ClientConfig cluster = plane.Server.Config(plane.Server.Certificate("orrery-satellite", [UserGroups.Masters], ClusterScope.Root));
        if (plane.Network is { } network)
        {
            cluster = cluster with { Server = new UriBuilder(cluster.Server) { Host = network.EndPoint.Address.ToString(), Port = network.Port }.Uri, TlsServerName = "localhost" };
        }

        ClientConfig controlPlane = ControlPlane.Config(ControlPlane.Certificate(OrreryNames.SatelliteUser(dataPlane), [OrreryNames.SatelliteGroup], ClusterScope.Root));
        var agent = new SatelliteAgent(new SatelliteOptions
        {
            DataPlane = dataPlane,
            Instance = instance ?? SatelliteOptions.AnyInstance(),
            ControlPlane = options.ToControlPlane is { } road ? controlPlane with { Carrier = () => road.To(ClientHandler.Create(controlPlane)) } : controlPlane,
            Cluster = options.ToCluster is { } way ? cluster with { Carrier = () => way.To(ClientHandler.Create(cluster)) } : cluster,
            HeartbeatInterval = TimeSpan.FromMilliseconds(500),
            EmptyNamespaceGrace = TimeSpan.FromMilliseconds(300),
            Time = options.SatelliteTime,
            Loggers = Loggers,
        });
        plane.Stop = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        plane.Satellite = agent.RunAsync(plane.Stop.Token);
    }

    public async Task StopSatelliteAsync(string dataPlane)
    {
        TestDataPlane plane = DataPlanes[dataPlane];
        await plane.Stop.CancelAsync();
        await plane.Satellite;
    }

    public Task ConditionAsync(GroupVersionResource resource, string ns, string name, string type, string status) => Eventually.TrueAsync(
        async () => await Root.FindAsync(resource, ns, name, default) is { } found && Conditions.Find(found, type)?.Status == status,
        $"{resource.Resource} {name} is {type}={status}",
        TimeSpan.FromSeconds(60));

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(running.Append(controllers).Concat(DataPlanes.Values.Select(d => d.Satellite)));
        controllersStop.Dispose();
        foreach (IDisposable client in clients)
        {
            client.Dispose();
        }

        foreach (TestDataPlane plane in DataPlanes.Values)
        {
            if (plane.Network is { } network)
            {
                await network.DisposeAsync();
            }

            if (plane.Server != options.Cluster)
            {
                await plane.Server.DisposeAsync();
            }

            plane.Stop.Dispose();
        }

        await ControlPlane.DisposeAsync();
        Loggers.Dispose();
        stop.Dispose();
    }

    private async Task AddDataPlaneAsync(string name, string region)
    {
        TestServer server = options.Cluster ?? await TestServer.StartAsync(new TestServerOptions { SubresourceHandlers = options.Kubelets });
        DataPlanes[name] = new TestDataPlane(server) { Network = options.CutsClusters ? new BadNetwork(server.Url.Port, TimeProvider.System) : null };
        JsonObject body = Own("DataPlane", name);
        body.Metadata["labels"] = new JsonObject { ["region"] = region };
        await Root.CreateAsync(OrreryResources.DataPlanes, "", body, default);
        StartSatellite(name);
    }

    private static JsonObject Own(string kind, string name) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject(),
    };
}

/// <summary>One cluster that runs workloads (the test plays its controllers), and the satellite in it.</summary>
internal sealed class TestDataPlane(TestServer server)
{
    public TestServer Server { get; } = server;

    public KubeClient Client => Server.Admin;

    /// <summary>The way of the satellite to it; null where nothing is between them.</summary>
    public BadNetwork? Network { get; init; }

    public Task Satellite { get; set; } = Task.CompletedTask;

    public CancellationTokenSource Stop { get; set; } = new();
}
