using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite;
using Orrery.Server.Authentication;
using Orrery.Server.Security;
using Orrery.Simulator;
using Orrery.Storage.Memory;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A data plane of a fleet in which pods run: a simulated cluster and the satellite in it.</summary>
internal sealed class SimulatedPlane : IAsyncDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    private readonly CertificateAuthority authority = CertificateAuthority.Create("simulated", Lifetime, TimeProvider.System);
    private readonly ServiceAccountKeys keys = ServiceAccountKeys.Load(ServiceAccountKeys.NewKeyPem());
    private readonly CancellationTokenSource stop = new();
    private readonly MemoryStore store = new(TimeProvider.System);
    private readonly X509Certificate2 serving;
    private SimulatedDataPlane? running;
    private Task satellite = Task.CompletedTask;

    private SimulatedPlane() => serving = authority.IssueServer(["localhost"], [IPAddress.Loopback], Lifetime).ToX509();

    public KubeClient Client { get; private set; } = null!;

    public static async Task<SimulatedPlane> JoinAsync(TestFleet fleet, string name, int nodes, TimeSpan? machineIdleTime = null)
    {
        var plane = new SimulatedPlane();
        plane.running = await SimulatedDataPlane.StartAsync(
            new SimulatedDataPlaneOptions
            {
                Simulation = new SimulationOptions { Name = name, Nodes = nodes, StartDelay = TimeSpan.FromMilliseconds(50), StopDelay = TimeSpan.FromMilliseconds(30) },
                Store = plane.store, Authority = plane.authority, ServingCertificate = plane.serving, ServiceAccountKeys = plane.keys,
            },
            default);
        ClientConfig cluster = new(
            plane.running.Url, [plane.authority.Certificate()],
            plane.authority.IssueClient("admin", [UserGroups.Masters], ClusterScope.Root, Lifetime).ToX509());
        plane.Client = new KubeClient(cluster);
        await fleet.Root.CreateAsync(
            OrreryResources.DataPlanes, "",
            new JsonObject { ["apiVersion"] = OrreryResources.ApiVersion, ["kind"] = "DataPlane", ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = new JsonObject() }, default);
        plane.satellite = new SatelliteAgent(new SatelliteOptions
        {
            DataPlane = name,
            ControlPlane = fleet.ControlPlane.Config(fleet.ControlPlane.Certificate(OrreryNames.SatelliteUser(name), [OrreryNames.SatelliteGroup], ClusterScope.Root)),
            Cluster = cluster,
            HeartbeatInterval = TimeSpan.FromMilliseconds(500),
            MachineIdleTime = machineIdleTime ?? TimeSpan.FromMinutes(10),
            EmptyNamespaceGrace = TimeSpan.FromMilliseconds(300),
            Loggers = fleet.Loggers,
        }).RunAsync(plane.stop.Token);
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", name, "Ready", "True");
        return plane;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await satellite;
        Client.Dispose();
        await running!.DisposeAsync();
        await store.DisposeAsync();
        keys.Dispose();
        serving.Dispose();
        authority.Dispose();
        stop.Dispose();
    }
}
