using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Simulator.Cluster;

/// <summary>What all simulating controllers share: the API, the informers, and writes that the informers see at once.</summary>
internal sealed class SimulatedCluster
{
    /// <summary>Index of objects by the uid of their controller.</summary>
    private const string ByController = "controller";

    private readonly InformerSet informers;
    private readonly List<EventRecorder> recorders = [];

    public SimulatedCluster(KubeClient client, SimulationOptions options)
    {
        Client = client;
        Options = options;
        informers = new InformerSet(client, new InformerOptions { Time = options.Time, Seed = options.Seed, Loggers = options.Loggers });
        Pods = informers.For(Known.Pods).AddIndex(ByController, Controller).AddIndex("node", p => [p.NodeName]);
        Nodes = informers.For(Known.Nodes);
        ReplicaSets = informers.For(Known.ReplicaSets).AddIndex(ByController, Controller);
        ReplicationControllers = informers.For(Known.ReplicationControllers);
        Deployments = informers.For(Known.Deployments);
        StatefulSets = informers.For(Known.StatefulSets);
        DaemonSets = informers.For(Known.DaemonSets);
        ControllerRevisions = informers.For(Known.ControllerRevisions).AddIndex(ByController, Controller);
        Jobs = informers.For(Known.Jobs).AddIndex(ByController, Controller);
        CronJobs = informers.For(Known.CronJobs);
        Services = informers.For(Known.Services);
        Endpoints = informers.For(Known.Endpoints);
        EndpointSlices = informers.For(Known.EndpointSlices);
        Claims = informers.For(Known.Claims);
        Budgets = informers.For(Known.Budgets);
        Autoscalers = informers.For(Known.Autoscalers);
    }

    public KubeClient Client { get; }

    public SimulationOptions Options { get; }

    public TimeProvider Time => Options.Time;

    public Informer Pods { get; }

    public Informer Nodes { get; }

    public Informer ReplicaSets { get; }

    public Informer ReplicationControllers { get; }

    public Informer Deployments { get; }

    public Informer StatefulSets { get; }

    public Informer DaemonSets { get; }

    public Informer ControllerRevisions { get; }

    public Informer Jobs { get; }

    public Informer CronJobs { get; }

    public Informer Services { get; }

    public Informer Endpoints { get; }

    public Informer EndpointSlices { get; }

    public Informer Claims { get; }

    public Informer Budgets { get; }

    public Informer Autoscalers { get; }

    /// <summary>Runs informers and recorders until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll([informers.RunAsync(cancellationToken), .. recorders.Select(r => r.RunAsync(cancellationToken))]);

    /// <summary>Speaks as one component of a cluster; call before <see cref="RunAsync"/>.</summary>
    public EventRecorder Recorder(string component)
    {
        var recorder = new EventRecorder(Client, component, Time, Options.Loggers);
        recorders.Add(recorder);
        return recorder;
    }

    /// <summary>The objects of one kind that an object controls, oldest first.</summary>
    public static List<KubeObject> OwnedBy(Informer informer, KubeObject owner) =>
    [
        .. informer.ByIndex(ByController, owner.Uid)
            .OrderBy(o => o.CreationTimestamp).ThenBy(o => o.Name, StringComparer.Ordinal),
    ];

    public async Task<KubeObject> CreateAsync(Informer informer, JsonObject body, CancellationToken cancellationToken)
    {
        KubeObject made = await Client.CreateAsync(informer.Resource, body.Namespace, body, cancellationToken).ConfigureAwait(false);
        informer.Observe(made);
        return made;
    }

    public async Task<KubeObject> UpdateAsync(Informer informer, JsonObject body, CancellationToken cancellationToken)
    {
        KubeObject written = await Client.UpdateAsync(informer.Resource, body.Namespace, body.Name, body, cancellationToken).ConfigureAwait(false);
        informer.Observe(written);
        return written;
    }

    /// <summary>Writes the status unless it already is so. The version read is a condition: a stale look ends in Conflict and a retry.</summary>
    public async Task<KubeObject> WriteStatusAsync(Informer informer, KubeObject current, JsonObject status, CancellationToken cancellationToken)
    {
        if (JsonNode.DeepEquals(current.CopyAt("status"), status))
        {
            return current;
        }

        JsonObject body = current.ToJsonObject();
        body["status"] = status;
        KubeObject written = await Client.UpdateAsync(
            informer.Resource, current.Namespace, current.Name, body, cancellationToken, subresource: "status").ConfigureAwait(false);
        informer.Observe(written);
        return written;
    }

    /// <summary>Deletes exactly this object; already gone, or replaced by another of that name, is as good.</summary>
    public async Task DeleteAsync(Informer informer, KubeObject target, CancellationToken cancellationToken, long? grace = null)
    {
        try
        {
            await Client.DeleteAsync(
                informer.Resource,
                target.Namespace,
                target.Name,
                new DeleteQuery { Uid = target.Uid, GracePeriodSeconds = grace, PropagationPolicy = "Background" },
                cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone, or another object by now: what was to go has gone.
        }
    }

    private static IEnumerable<string> Controller(KubeObject found) => found.ControllerUid is { } uid ? [uid] : [];
}
