using Orrery.Api;
using Orrery.Client;

namespace Orrery.Simulator.Cluster;

/// <summary>Wires reconcilers to informers.</summary>
internal static class Controllers
{
    /// <summary>
    /// A host whose keys are the objects of <paramref name="own"/>: woken by their changes, and by changes of what
    /// they control or could adopt.
    /// </summary>
    public static ReconcilerHost<ObjectKey> Host(
        SimulatedCluster cluster, string name, IReconciler<ObjectKey> reconciler, Informer own, IReadOnlyList<Informer> owned, IReadOnlyList<Informer>? needs = null, int workers = 2)
    {
        var host = new ReconcilerHost<ObjectKey>(name, reconciler, new ReconcilerOptions<ObjectKey>
        {
            Workers = workers,
            LevelKeys = () => own.All().Select(o => o.Key),
            Needs = [own, .. owned, .. needs ?? []],
            Time = cluster.Time,
            Loggers = cluster.Options.Loggers,
        });
        own.Subscribe(change => host.Queue.Add(change.Key));
        foreach (Informer informer in owned)
        {
            string? kind = KindOf(own.Resource);
            informer.Subscribe(change =>
            {
                if (change.Current is { ControllerReference: null } orphan)
                {
                    foreach (KubeObject candidate in own.InNamespace(ClusterName.Root, change.Key.Namespace).Where(o => Ownership.IsOrphanOf(o, orphan)))
                    {
                        host.Queue.Add(candidate.Key);
                    }
                }

                foreach (KubeObject? state in (ReadOnlySpan<KubeObject?>)[change.Old, change.Current])
                {
                    if (state?.ControllerReference is { } owner && owner.GetProperty("kind").GetString() == kind)
                    {
                        host.Queue.Add(new ObjectKey(ClusterName.Root, change.Key.Namespace, owner.GetProperty("name").GetString()!));
                    }
                }
            });
        }

        return host;
    }

    private static string KindOf(GroupVersionResource resource) => resource.Resource switch
    {
        "deployments" => "Deployment",
        "replicasets" => "ReplicaSet",
        "replicationcontrollers" => "ReplicationController",
        "statefulsets" => "StatefulSet",
        "daemonsets" => "DaemonSet",
        "jobs" => "Job",
        "cronjobs" => "CronJob",
        _ => throw new ArgumentException($"{resource} controls nothing here"),
    };
}
