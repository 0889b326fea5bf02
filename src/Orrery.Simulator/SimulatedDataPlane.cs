using System.Net;
using System.Security.Cryptography.X509Certificates;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server;
using Orrery.Server.Authentication;
using Orrery.Server.Security;
using Orrery.Simulator.Kubelets;
using Orrery.Simulator.Metrics;
using Orrery.Simulator.Ports;
using Orrery.Storage;

namespace Orrery.Simulator;

/// <summary>What a <see cref="SimulatedDataPlane"/> is started with. It disposes none of these.</summary>
public sealed record SimulatedDataPlaneOptions
{
    public required SimulationOptions Simulation { get; init; }

    /// <summary>All that the cluster remembers.</summary>
    public required IStore Store { get; init; }

    /// <summary>Signs the credential of the simulation itself; clients that it signed are accepted.</summary>
    public required CertificateAuthority Authority { get; init; }

    /// <summary>Signed by <see cref="Authority"/> for the address listened on, with its private key.</summary>
    public required X509Certificate2 ServingCertificate { get; init; }

    public required ServiceAccountKeys ServiceAccountKeys { get; init; }

    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>TCP port; zero takes a free one.</summary>
    public int Port { get; init; }
}

/// <summary>
/// A Kubernetes cluster in this process: a real API server with simulated nodes and workloads behind it. To whoever
/// holds a kubeconfig for it, it is a cluster like any other.
/// </summary>
public sealed class SimulatedDataPlane : IAsyncDisposable
{
    private static readonly TimeSpan CredentialLifetime = TimeSpan.FromDays(3650);

    private readonly ApiServer server;
    private readonly KubeClient client;
    private readonly Simulation simulation;
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;

    private SimulatedDataPlane(ApiServer server, KubeClient client, Simulation simulation)
    {
        this.server = server;
        this.client = client;
        this.simulation = simulation;
        running = simulation.RunAsync(stop.Token);
    }

    public Uri Url => server.Url;

    /// <summary>Ends when the cluster is disposed of; faulted should the simulation ever break.</summary>
    public Task Completion => running;

    /// <summary>Serves when this returns; nodes and workloads follow within moments.</summary>
    public static async Task<SimulatedDataPlane> StartAsync(SimulatedDataPlaneOptions options, CancellationToken cancellationToken)
    {
        // The handlers are needed by the server before the simulation, which needs the server, exists.
        Simulation? simulation = null;
        var logs = new PodLogs(options.Simulation, key => simulation?.Pods.Get(key));
        var exec = new PodExec(options.Simulation, key => simulation?.Pods.Get(key));
        var attach = new PodAttach(options.Simulation, key => simulation?.Pods.Get(key));
        var forward = new PodPortForward();
        ApiServer server = await ApiServer.StartAsync(
            new ApiServerOptions
            {
                Store = options.Store,
                Address = options.Address,
                Port = options.Port,
                ServingCertificate = options.ServingCertificate,
                ClientCas = [options.Authority.Certificate()],
                ServiceAccountKeys = options.ServiceAccountKeys,
                Signer = options.Authority,
                TimeProvider = options.Simulation.Time,
                LoggerFactory = options.Simulation.Loggers,
                SubresourceHandlers = [logs, exec, attach, forward, new PodProxy(), new ServiceProxy(ns => simulation?.Pods.InNamespace(ClusterName.Root, ns) ?? [])],
                GroupHandlers = [new MetricsApi(() => simulation?.Pods, () => simulation?.Nodes, options.Simulation.Time)],

                // Simulated nodes are ready when they are made, and nothing here takes taints away.
                DisabledAdmissionPlugins = new HashSet<string>(StringComparer.Ordinal) { "TaintNodesByCondition" },
            },
            cancellationToken).ConfigureAwait(false);

        X509Certificate2 certificate = options.Authority
            .IssueClient("system:kube-controller-manager", [UserGroups.Masters], ClusterScope.Root, CredentialLifetime).ToX509();
        var client = new KubeClient(
            new ClientConfig(server.Url, [options.Authority.Certificate()], certificate) { UserAgent = "kube-controller-manager/v1.36.0" },
            options.Simulation.Time);
        simulation = new Simulation(client, options.Simulation);
        return new SimulatedDataPlane(server, client, simulation);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        simulation.Dispose();
        client.Dispose();
        await server.DisposeAsync().ConfigureAwait(false);
        stop.Dispose();
    }
}
