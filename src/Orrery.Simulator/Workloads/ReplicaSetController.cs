using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Workloads;

/// <summary>Keeps as many pods as a ReplicaSet asks for, or a ReplicationController, which says the same.</summary>
/// <param name="name">Its own, as <c>replicaset</c>.</param>
internal sealed class ReplicaSetController(SimulatedCluster cluster, Informer sets, string name) : IReconciler<ObjectKey>
{
    /// <summary>Pods made or deleted in one look; the rest follows in the next, which the changes themselves bring about.</summary>
    private const int Burst = 100;

    private readonly EventRecorder events = cluster.Recorder(name + "-controller");

    public ReconcilerHost<ObjectKey> Host() => Controllers.Host(cluster, name, this, sets, [cluster.Pods]);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (sets.Get(key) is not { } set)
        {
            return ReconcileResult.Done;
        }

        // 1. as many pods as wanted; an object on its way out makes none
        StatusException? refused = null;
        int wanted = set.IntAt(1, "spec", "replicas");
        bool more = false;
        if (!set.IsDeleting)
        {
            List<KubeObject> own = await Ownership.ClaimAsync(cluster, cluster.Pods, sets, set, cancellationToken).ConfigureAwait(false);
            List<KubeObject> active = [.. own.Where(p => p.IsActivePod)];
            int missing = wanted - active.Count;
            more = Math.Abs(missing) > Burst;
            try
            {
                await CreateAsync(set, Math.Min(missing, Burst), cancellationToken).ConfigureAwait(false);
                await DeleteAsync(set, active, Math.Min(-missing, Burst), cancellationToken).ConfigureAwait(false);
            }
            catch (StatusException e) when (e.Code is 403 or 422)
            {
                refused = e;
                events.Warning(set, "FailedCreate", $"Error creating: {e.Message}");
            }
        }

        // 2. what is there
        (JsonObject status, DateTimeOffset? next) = Status(set, wanted, refused);
        await cluster.WriteStatusAsync(sets, set, status, cancellationToken).ConfigureAwait(false);
        if (refused is not null)
        {
            throw refused;
        }

        return more ? ReconcileResult.After(TimeSpan.Zero)
            : next is { } at ? ReconcileResult.After(at - cluster.Time.GetUtcNow())
            : ReconcileResult.Done;
    }

    private async Task CreateAsync(KubeObject set, int count, CancellationToken cancellationToken)
    {
        if (count <= 0)
        {
            return;
        }

        JsonObject template = set.CopyAt("spec", "template");
        await Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
        {
            JsonObject pod = ObjectViews.PodFrom(template, set);
            pod.Metadata["generateName"] = set.Name + "-";
            KubeObject made = await cluster.CreateAsync(cluster.Pods, pod, cancellationToken).ConfigureAwait(false);
            events.Normal(set, "SuccessfulCreate", $"Created pod: {made.Name}");
        })).ConfigureAwait(false);
    }

    private async Task DeleteAsync(KubeObject set, List<KubeObject> active, int count, CancellationToken cancellationToken)
    {
        if (count <= 0)
        {
            return;
        }

        await Task.WhenAll(active.Order(PodRanking.Instance).Take(count).Select(async pod =>
        {
            await cluster.DeleteAsync(cluster.Pods, pod, cancellationToken).ConfigureAwait(false);
            events.Normal(set, "SuccessfulDelete", $"Deleted pod: {pod.Name}");
        })).ConfigureAwait(false);
    }

    /// <returns>The status, and when a ready pod next becomes available by age alone.</returns>
    private (JsonObject Status, DateTimeOffset? Next) Status(KubeObject set, int wanted, StatusException? refused)
    {
        DateTimeOffset now = cluster.Time.GetUtcNow();
        int minReady = set.IntAt(0, "spec", "minReadySeconds");
        List<KubeObject> active = [.. SimulatedCluster.OwnedBy(cluster.Pods, set).Where(p => p.IsActivePod)];
        LabelSelector labels = LabelSelector.FromLabels(Labels(set.CopyAt("spec", "template", "metadata", "labels")));
        JsonObject status = set.CopyAt("status");
        status["replicas"] = active.Count;
        status["observedGeneration"] = set.Generation;
        Count(status, "fullyLabeledReplicas", active.Count(p => labels.Matches(p.Labels)));
        Count(status, "readyReplicas", active.Count(p => p.IsReadyPod));
        Count(status, "availableReplicas", active.Count(p => p.IsAvailablePod(minReady, now)));
        if (refused is not null)
        {
            Conditions.Set(status, "ReplicaFailure", "True", "FailedCreate", refused.Message, now);
        }
        else if (Conditions.Remove(status, "ReplicaFailure") && status["conditions"]!.AsArray().Count == 0)
        {
            status.Remove("conditions");
        }

        DateTimeOffset? next = active.Select(p => p.AvailableFrom(minReady)).Where(at => at > now).Min();
        return (status, next);
    }

    /// <summary>Counts of zero are left out, as upstream's <c>omitempty</c> does.</summary>
    internal static void Count(JsonObject status, string name, int count)
    {
        if (count > 0)
        {
            status[name] = count;
        }
        else
        {
            status.Remove(name);
        }
    }

    private static Dictionary<string, string> Labels(JsonObject labels) =>
        labels.ToDictionary(l => l.Key, l => (string?)l.Value ?? "", StringComparer.Ordinal);
}
