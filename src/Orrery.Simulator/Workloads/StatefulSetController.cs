using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Workloads;

/// <summary>Keeps the numbered pods of a StatefulSet, one after the other unless it asks for all at once.</summary>
internal sealed class StatefulSetController(SimulatedCluster cluster) : IReconciler<ObjectKey>
{
    private readonly EventRecorder events = cluster.Recorder("statefulset-controller");
    private readonly Revisions revisions = new(cluster, cluster.StatefulSets);

    public ReconcilerHost<ObjectKey> Host() => Controllers.Host(
        cluster, "statefulset", this, cluster.StatefulSets, [cluster.Pods], [cluster.ControllerRevisions, cluster.Claims]);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (cluster.StatefulSets.Get(key) is not { IsDeleting: false } set)
        {
            return ReconcileResult.Done;
        }

        KubeObject update = await revisions.CurrentAsync(set, cancellationToken).ConfigureAwait(false);
        DateTimeOffset now = cluster.Time.GetUtcNow();
        int minReady = set.IntAt(0, "spec", "minReadySeconds");
        bool acted = await StepAsync(set, update, minReady, now, cancellationToken).ConfigureAwait(false);

        List<KubeObject> pods = SimulatedCluster.OwnedBy(cluster.Pods, set);
        await WriteStatusAsync(set, update, pods, minReady, now, cancellationToken).ConfigureAwait(false);
        await revisions.ForgetAsync(set, update, pods, cancellationToken).ConfigureAwait(false);
        DateTimeOffset? next = acted ? null : pods.Select(p => p.AvailableFrom(minReady)).Where(at => at > now).Min();
        return next is { } at ? ReconcileResult.After(at - now) : ReconcileResult.Done;
    }

    /// <returns>Whether something was done whose outcome must be waited for.</returns>
    private async Task<bool> StepAsync(KubeObject set, KubeObject update, int minReady, DateTimeOffset now, CancellationToken cancellationToken)
    {
        int first = set.IntAt(0, "spec", "ordinals", "start");
        int wanted = set.IntAt(1, "spec", "replicas");
        bool parallel = set.TextAt("spec", "podManagementPolicy") == "Parallel";
        int partition = set.IntAt(0, "spec", "updateStrategy", "rollingUpdate", "partition");
        Dictionary<int, KubeObject> pods = (await Ownership.ClaimAsync(cluster, cluster.Pods, cluster.StatefulSets, set, cancellationToken).ConfigureAwait(false))
            .Where(p => OrdinalOf(set, p) >= 0).ToDictionary(p => OrdinalOf(set, p));
        bool acted = false;

        // 1. upwards: make what is missing; in order, each waits for the one before it
        for (int ordinal = first; ordinal < first + wanted; ordinal++)
        {
            if (!pods.TryGetValue(ordinal, out KubeObject? pod))
            {
                string hash = ordinal < first + partition ? CurrentHash(set, update) : Revisions.HashOf(update);
                await CreateAsync(set, ordinal, hash, update, cancellationToken).ConfigureAwait(false);
                acted = true;
            }
            else if (pod.IsFinishedPod && !pod.IsDeleting)
            {
                await DeleteAsync(set, pod, cancellationToken).ConfigureAwait(false);
                acted = true;
            }

            if (!parallel && (pod is null || pod.IsDeleting || !pod.IsAvailablePod(minReady, now)))
            {
                return acted;
            }
        }

        // 2. downwards: take away what is too much, highest first
        foreach (KubeObject pod in pods.Where(p => p.Key < first || p.Key >= first + wanted).OrderByDescending(p => p.Key).Select(p => p.Value))
        {
            if (!pod.IsDeleting)
            {
                await DeleteAsync(set, pod, cancellationToken).ConfigureAwait(false);
                acted = true;
            }

            if (!parallel)
            {
                return acted;
            }
        }

        // 3. replace those of an older template, highest first, one at a time
        if (set.TextAt("spec", "updateStrategy", "type") == "OnDelete")
        {
            return acted;
        }

        for (int ordinal = first + wanted - 1; ordinal >= first + partition; ordinal--)
        {
            if (!pods.TryGetValue(ordinal, out KubeObject? pod))
            {
                return acted;
            }

            if (pod.Labels.GetValueOrDefault(Revisions.HashLabel) != LabelOf(set, Revisions.HashOf(update)) && !pod.IsDeleting)
            {
                await DeleteAsync(set, pod, cancellationToken).ConfigureAwait(false);
                return true;
            }

            if (pod.IsDeleting || !pod.IsAvailablePod(minReady, now))
            {
                return acted;
            }
        }

        return acted;
    }

    private async Task CreateAsync(KubeObject set, int ordinal, string hash, KubeObject update, CancellationToken cancellationToken)
    {
        // A pod below the partition keeps the template that the set had before.
        JsonObject template = set.CopyAt("spec", "template");
        if (hash != Revisions.HashOf(update)
            && SimulatedCluster.OwnedBy(cluster.ControllerRevisions, set).Find(r => Revisions.HashOf(r) == hash) is { } earlier)
        {
            template = earlier.CopyAt("data", "spec", "template");
            template.Remove("$patch");
        }

        string name = NameOf(set, ordinal);
        JsonObject pod = ObjectViews.PodFrom(template, set);
        pod.Metadata["name"] = name;
        JsonObject labels = pod.Metadata.ObjectAt("labels");
        labels["statefulset.kubernetes.io/pod-name"] = name;
        labels["apps.kubernetes.io/pod-index"] = ordinal.ToString(CultureInfo.InvariantCulture);
        labels[Revisions.HashLabel] = LabelOf(set, hash);
        JsonObject spec = pod.ObjectAt("spec");
        spec["hostname"] = name;
        spec["subdomain"] = set.TextAt("spec", "serviceName") ?? "";
        await new VolumeClaims(cluster).EnsureAsync(set, name, spec, cancellationToken).ConfigureAwait(false);
        await cluster.CreateAsync(cluster.Pods, pod, cancellationToken).ConfigureAwait(false);
        events.Normal(set, "SuccessfulCreate", $"create Pod {name} in StatefulSet {set.Name} successful");
    }

    private async Task DeleteAsync(KubeObject set, KubeObject pod, CancellationToken cancellationToken)
    {
        await cluster.DeleteAsync(cluster.Pods, pod, cancellationToken).ConfigureAwait(false);
        events.Normal(set, "SuccessfulDelete", $"delete Pod {pod.Name} in StatefulSet {set.Name} successful");
    }

    private async Task WriteStatusAsync(
        KubeObject set, KubeObject update, List<KubeObject> pods, int minReady, DateTimeOffset now, CancellationToken cancellationToken)
    {
        int wanted = set.IntAt(1, "spec", "replicas");
        List<KubeObject> present = [.. pods.Where(p => !p.IsFinishedPod)];
        string updateName = LabelOf(set, Revisions.HashOf(update));
        int updated = present.Count(p => !p.IsDeleting && p.Labels.GetValueOrDefault(Revisions.HashLabel) == updateName);
        JsonObject status = set.CopyAt("status");
        string current = status.TextAt("currentRevision") ?? updateName;
        int ready = present.Count(p => p.IsReadyPod && !p.IsDeleting);
        if (updated == wanted && present.Count == wanted && ready == wanted)
        {
            current = updateName;
        }

        status["observedGeneration"] = set.Generation;
        status["replicas"] = present.Count;
        status["currentRevision"] = current;
        status["updateRevision"] = updateName;
        status["availableReplicas"] = present.Count(p => !p.IsDeleting && p.IsAvailablePod(minReady, now));
        status["collisionCount"] = status["collisionCount"]?.DeepClone() ?? 0;
        ReplicaSetController.Count(status, "readyReplicas", ready);
        ReplicaSetController.Count(status, "updatedReplicas", updated);
        ReplicaSetController.Count(status, "currentReplicas", present.Count(p => !p.IsDeleting && p.Labels.GetValueOrDefault(Revisions.HashLabel) == current));
        await cluster.WriteStatusAsync(cluster.StatefulSets, set, status, cancellationToken).ConfigureAwait(false);
    }

    private static string CurrentHash(KubeObject set, KubeObject update) =>
        set.TextAt("status", "currentRevision") is { } name && name.Length > set.Name.Length + 1 ? name[(set.Name.Length + 1)..] : Revisions.HashOf(update);

    /// <summary>A StatefulSet's pods carry the revision's full name, a DaemonSet's only its hash.</summary>
    private static string LabelOf(KubeObject set, string hash) => $"{set.Name}-{hash}";

    private static string NameOf(KubeObject set, int ordinal) => string.Create(CultureInfo.InvariantCulture, $"{set.Name}-{ordinal}");

    private static int OrdinalOf(KubeObject set, KubeObject pod) =>
        pod.Name.Length > set.Name.Length + 1 && int.TryParse(pod.Name.AsSpan(set.Name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int ordinal)
            ? ordinal
            : -1;
}
