using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Scheduling;

namespace Orrery.Simulator.Workloads;

/// <summary>Keeps one pod of a DaemonSet on every node that it may run on.</summary>
internal sealed class DaemonSetController(SimulatedCluster cluster) : IReconciler<ObjectKey>
{
    private readonly EventRecorder events = cluster.Recorder("daemonset-controller");
    private readonly Revisions revisions = new(cluster, cluster.DaemonSets);

    public ReconcilerHost<ObjectKey> Host()
    {
        ReconcilerHost<ObjectKey> host = Controllers.Host(
            cluster, "daemonset", this, cluster.DaemonSets, [cluster.Pods], [cluster.Nodes, cluster.ControllerRevisions]);
        cluster.Nodes.Subscribe(_ =>
        {
            foreach (KubeObject set in cluster.DaemonSets.All())
            {
                host.Queue.Add(set.Key);
            }
        });
        return host;
    }

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (cluster.DaemonSets.Get(key) is not { IsDeleting: false } set)
        {
            return ReconcileResult.Done;
        }

        // 1. where it belongs, and what is there
        KubeObject revision = await revisions.CurrentAsync(set, cancellationToken).ConfigureAwait(false);
        string hash = Revisions.HashOf(revision);
        JsonObject template = set.CopyAt("spec", "template");
        HashSet<string> nodes = [.. cluster.Nodes.All().Where(n => Fits(set, template, n)).Select(n => n.Name)];
        List<KubeObject> pods = await Ownership.ClaimAsync(cluster, cluster.Pods, cluster.DaemonSets, set, cancellationToken).ConfigureAwait(false);
        ILookup<string, KubeObject> byNode = pods.ToLookup(TargetOf);

        // 2. one on each, none elsewhere; a finished one makes room for the next
        foreach (KubeObject pod in pods.Where(p => !p.IsDeleting && (!nodes.Contains(TargetOf(p)) || p.IsFinishedPod)))
        {
            await DeleteAsync(set, pod, cancellationToken).ConfigureAwait(false);
        }

        foreach (KubeObject extra in byNode.SelectMany(n => n.Where(p => p.IsActivePod).Skip(1)))
        {
            await DeleteAsync(set, extra, cancellationToken).ConfigureAwait(false);
        }

        foreach (string node in nodes.Where(n => !byNode[n].Any()).Order(StringComparer.Ordinal))
        {
            KubeObject made = await cluster.CreateAsync(cluster.Pods, PodFor(set, template, node, hash), cancellationToken).ConfigureAwait(false);
            events.Normal(set, "SuccessfulCreate", $"Created pod: {made.Name}");
        }

        // 3. replace those of an older template, a few at a time
        int minReady = set.IntAt(0, "spec", "minReadySeconds");
        DateTimeOffset now = cluster.Time.GetUtcNow();
        pods = [.. SimulatedCluster.OwnedBy(cluster.Pods, set).Where(p => nodes.Contains(TargetOf(p)))];
        if (set.TextAt("spec", "updateStrategy", "type") != "OnDelete")
        {
            int may = Math.Max(1, ObjectViews.Resolve(set.At("spec", "updateStrategy", "rollingUpdate", "maxUnavailable"), 1, nodes.Count, roundUp: true));
            int down = nodes.Count - pods.Count(p => p.IsActivePod && p.IsAvailablePod(minReady, now));
            List<KubeObject> outdated = [.. pods.Where(p => p.IsActivePod && p.Labels.GetValueOrDefault(Revisions.HashLabel) != hash)];
            IEnumerable<KubeObject> unavailable = outdated.Where(p => !p.IsAvailablePod(minReady, now));
            IEnumerable<KubeObject> available = outdated.Where(p => p.IsAvailablePod(minReady, now)).Take(Math.Max(0, may - down));
            foreach (KubeObject pod in unavailable.Concat(available).ToList())
            {
                await DeleteAsync(set, pod, cancellationToken).ConfigureAwait(false);
            }
        }

        // 4. what is there
        List<KubeObject> active = [.. SimulatedCluster.OwnedBy(cluster.Pods, set).Where(p => p.IsActivePod)];
        await WriteStatusAsync(set, nodes, active, hash, minReady, now, cancellationToken).ConfigureAwait(false);
        await revisions.ForgetAsync(set, revision, active, cancellationToken).ConfigureAwait(false);
        DateTimeOffset? next = active.Select(p => p.AvailableFrom(minReady)).Where(at => at > now).Min();
        return next is { } at ? ReconcileResult.After(at - now) : ReconcileResult.Done;
    }

    private async Task WriteStatusAsync(
        KubeObject set, HashSet<string> nodes, List<KubeObject> active, string hash, int minReady, DateTimeOffset now, CancellationToken cancellationToken)
    {
        List<KubeObject> placed = [.. active.Where(p => nodes.Contains(TargetOf(p)))];
        int available = placed.Count(p => p.IsAvailablePod(minReady, now));
        JsonObject status = set.CopyAt("status");
        status["currentNumberScheduled"] = placed.Count;
        status["desiredNumberScheduled"] = nodes.Count;
        status["numberMisscheduled"] = active.Count - placed.Count;
        status["numberReady"] = placed.Count(p => p.IsReadyPod);
        status["observedGeneration"] = set.Generation;
        ReplicaSetController.Count(status, "updatedNumberScheduled", placed.Count(p => p.Labels.GetValueOrDefault(Revisions.HashLabel) == hash));
        ReplicaSetController.Count(status, "numberAvailable", available);
        ReplicaSetController.Count(status, "numberUnavailable", nodes.Count - available);
        await cluster.WriteStatusAsync(cluster.DaemonSets, set, status, cancellationToken).ConfigureAwait(false);
    }

    private async Task DeleteAsync(KubeObject set, KubeObject pod, CancellationToken cancellationToken)
    {
        await cluster.DeleteAsync(cluster.Pods, pod, cancellationToken).ConfigureAwait(false);
        events.Normal(set, "SuccessfulDelete", $"Deleted pod: {pod.Name}");
    }

    /// <summary>A pod that is bound to its node by affinity, for the scheduler to find it fits nowhere else.</summary>
    private static JsonObject PodFor(KubeObject set, JsonObject template, string node, string hash)
    {
        JsonObject pod = ObjectViews.PodFrom(template, set);
        pod.Metadata["generateName"] = set.Name + "-";
        pod.Metadata.ObjectAt("labels")[Revisions.HashLabel] = hash;
        JsonObject spec = pod.ObjectAt("spec");
        Pin(spec, node);
        if (spec["tolerations"] is not JsonArray tolerations)
        {
            spec["tolerations"] = tolerations = [];
        }

        foreach ((string taint, string effect) in Tolerated)
        {
            tolerations.Add((JsonNode)new JsonObject { ["key"] = taint, ["operator"] = "Exists", ["effect"] = effect });
        }

        return pod;
    }

    private static readonly (string, string)[] Tolerated =
    [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ];

    /// <summary>Adds the node's name to each term of the template's own affinity, as upstream.</summary>
    private static void Pin(JsonObject spec, string node)
    {
        JsonObject required = spec.ObjectAt("affinity").ObjectAt("nodeAffinity").ObjectAt("requiredDuringSchedulingIgnoredDuringExecution");
        if (required["nodeSelectorTerms"] is not JsonArray { Count: > 0 } terms)
        {
            required["nodeSelectorTerms"] = terms = [(JsonNode)new JsonObject()];
        }

        foreach (JsonObject term in terms.OfType<JsonObject>())
        {
            term["matchFields"] = new JsonArray(
                (JsonNode)new JsonObject { ["key"] = "metadata.name", ["operator"] = "In", ["values"] = new JsonArray(node) });
        }
    }

    /// <summary>The node that a pod is on, or is meant for.</summary>
    private static string TargetOf(KubeObject pod)
    {
        if (pod.NodeName.Length > 0)
        {
            return pod.NodeName;
        }

        return pod.At("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms") is { } terms
            && terms.GetArrayLength() > 0 && terms[0].TryGetProperty("matchFields", out System.Text.Json.JsonElement fields) && fields.GetArrayLength() > 0
            ? fields[0].GetProperty("values")[0].GetString() ?? ""
            : "";
    }

    /// <summary>A node that suits but is full counts: its pod waits for room.</summary>
    private static bool Fits(KubeObject set, JsonObject template, KubeObject node) =>
        NodeFit.WhyRefused(KubeObject.From(PodFor(set, template, node.Name, "")), node) is null;
}
