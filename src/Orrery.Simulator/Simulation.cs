using Orrery.Client;
using Orrery.Simulator.Autoscaling;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Kubelets;
using Orrery.Simulator.Nodes;
using Orrery.Simulator.Scheduling;
using Orrery.Simulator.Services;
using Orrery.Simulator.Storage;
using Orrery.Simulator.Workloads;

namespace Orrery.Simulator;

/// <summary>
/// Everything in a cluster that is not its API server: nodes, scheduler, kubelets and the controllers of workloads.
/// Reaches the API over HTTP only. All state is in the API: it may be stopped at any moment and started again.
/// </summary>
internal sealed class Simulation : IDisposable
{
    private readonly SimulatedCluster cluster;
    private readonly ReconcilerHost<ObjectKey>[] hosts;

    public Simulation(KubeClient client, SimulationOptions options)
    {
        cluster = new SimulatedCluster(client, options);
        hosts =
        [
            new NodeController(cluster).Host(),
            new Scheduler(cluster).Host(),
            new Kubelet(cluster).Host(),
            new DeploymentController(cluster).Host(),
            new ReplicaSetController(cluster, cluster.ReplicaSets, "replicaset").Host(),
            new ReplicaSetController(cluster, cluster.ReplicationControllers, "replication").Host(),
            new StatefulSetController(cluster).Host(),
            new DaemonSetController(cluster).Host(),
            new JobController(cluster).Host(),
            new CronJobController(cluster).Host(),
            new DisruptionController(cluster).Host(),
            new AutoscalerController(cluster).Host(),
            new EndpointsController(cluster).Host(),
            new LoadBalancerController(cluster).Host(),
            new ClaimController(cluster).Host(),
        ];
    }

    /// <summary>The pods as the simulation knows them.</summary>
    public Informer Pods => cluster.Pods;

    /// <summary>The nodes as the simulation knows them.</summary>
    public Informer Nodes => cluster.Nodes;

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll([cluster.RunAsync(cancellationToken), .. hosts.Select(h => h.RunAsync(cancellationToken))]);

    public void Dispose()
    {
        foreach (ReconcilerHost<ObjectKey> host in hosts)
        {
            host.Dispose();
        }
    }
}
