using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Machinery.Workloads;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Workloads;

/// <summary>
/// Rolls a Deployment's template out over ReplicaSets: one ReplicaSet a template, found again by its template (so a
/// rollback takes up the old one), numbered by revision.
/// </summary>
internal sealed class DeploymentController(SimulatedCluster cluster) : IReconciler<ObjectKey>
{
    internal const string Revision = "deployment.kubernetes.io/revision";
    private const string DesiredReplicas = "deployment.kubernetes.io/desired-replicas";
    private const string MaxReplicas = "deployment.kubernetes.io/max-replicas";
    private const string HashLabel = "pod-template-hash";

    private readonly EventRecorder events = cluster.Recorder("deployment-controller");

    public ReconcilerHost<ObjectKey> Host()
    {
        ReconcilerHost<ObjectKey> host = Controllers.Host(cluster, "deployment", this, cluster.Deployments, [cluster.ReplicaSets], [cluster.Pods]);

        // Recreate waits for the last old pod to go, which changes no ReplicaSet's counts.
        cluster.Pods.Subscribe(change =>
        {
            if (change.IsDeleted && change.Old!.ControllerReference is { } owner && owner.GetProperty("kind").GetString() == "ReplicaSet"
                && cluster.ReplicaSets.Get(ClusterName.Root, change.Key.Namespace, owner.GetProperty("name").GetString()!)?.ControllerReference is { } deployment)
            {
                host.Queue.Add(new ObjectKey(ClusterName.Root, change.Key.Namespace, deployment.GetProperty("name").GetString()!));
            }
        });
        return host;
    }

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (cluster.Deployments.Get(key) is not { IsDeleting: false } deployment)
        {
            return ReconcileResult.Done;
        }

        // 1. the ReplicaSets there are, and the one of the present template
        List<KubeObject> sets = await Ownership.ClaimAsync(cluster, cluster.ReplicaSets, cluster.Deployments, deployment, cancellationToken).ConfigureAwait(false);
        JsonObject template = deployment.CopyAt("spec", "template");
        KubeObject? current = sets.FirstOrDefault(s => SameTemplate(s, template));
        bool paused = deployment.At("spec", "paused") is { ValueKind: System.Text.Json.JsonValueKind.True };
        int wanted = deployment.IntAt(1, "spec", "replicas");

        // 2. make it, number it
        bool made = false;
        if (!paused)
        {
            (current, deployment, made) = await CurrentAsync(deployment, current, sets, template, cancellationToken).ConfigureAwait(false);
        }

        // 3. move replicas from the old ones to it
        List<KubeObject> old = [.. sets.Where(s => s.Uid != current?.Uid)];
        if (paused)
        {
            await ResizeAsync(deployment, current ?? old.LastOrDefault(), wanted, wanted, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            var rollout = new DeploymentRollout(deployment, current!, old);
            bool oldPodsLeft = old.Any(s => SimulatedCluster.OwnedBy(cluster.Pods, s).Count > 0);
            foreach ((KubeObject set, int replicas) in rollout.Plan(oldPodsLeft))
            {
                await ResizeAsync(deployment, set, replicas, wanted + rollout.MaxSurge, cancellationToken).ConfigureAwait(false);
            }
        }

        // 4. say how it goes, forget what nobody will roll back to
        List<KubeObject> present = SimulatedCluster.OwnedBy(cluster.ReplicaSets, deployment);
        current = present.FirstOrDefault(s => s.Uid == current?.Uid) ?? current;
        (JsonObject status, DateTimeOffset? deadline) = DeploymentStatus.Of(deployment, current, present, made, cluster.Time.GetUtcNow());
        await cluster.WriteStatusAsync(cluster.Deployments, deployment, status, cancellationToken).ConfigureAwait(false);
        await ForgetAsync(deployment, old, status, cancellationToken).ConfigureAwait(false);
        return deadline is { } at ? ReconcileResult.After(at - cluster.Time.GetUtcNow()) : ReconcileResult.Done;
    }

    private async Task<(KubeObject Current, KubeObject Deployment, bool Made)> CurrentAsync(
        KubeObject deployment, KubeObject? current, List<KubeObject> sets, JsonObject template, CancellationToken cancellationToken)
    {
        long highest = sets.Where(s => s.Uid != current?.Uid).Select(RevisionOf).DefaultIfEmpty(0).Max();
        bool made = false;
        if (current is null)
        {
            (current, deployment) = await CreateAsync(deployment, template, highest + 1, cancellationToken).ConfigureAwait(false);
            made = true;
        }
        else if (RevisionOf(current) <= highest)
        {
            JsonObject body = current.ToJsonObject();
            body.Metadata.ObjectAt("annotations")[Revision] = Text(highest + 1);
            current = await cluster.UpdateAsync(cluster.ReplicaSets, body, cancellationToken).ConfigureAwait(false);
        }

        string revision = Text(RevisionOf(current));
        if (deployment.Annotations.GetValueOrDefault(Revision) != revision)
        {
            JsonObject body = deployment.ToJsonObject();
            body.Metadata.ObjectAt("annotations")[Revision] = revision;
            deployment = await cluster.UpdateAsync(cluster.Deployments, body, cancellationToken).ConfigureAwait(false);
        }

        return (current, deployment, made);
    }

    private async Task<(KubeObject Made, KubeObject Deployment)> CreateAsync(KubeObject deployment, JsonObject template, long revision, CancellationToken cancellationToken)
    {
        long collisions = deployment.NumberAt("status", "collisionCount") ?? 0;
        string hash = TemplateHash.Of(template, collisions);
        JsonObject body = ReplicaSetOf(deployment, template, hash, revision);
        try
        {
            return (await cluster.CreateAsync(cluster.ReplicaSets, body, cancellationToken).ConfigureAwait(false), deployment);
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            KubeObject taken = await cluster.Client.GetAsync(Known.ReplicaSets, deployment.Namespace, body.Name, cancellationToken).ConfigureAwait(false);
            if (taken.ControllerUid == deployment.Uid && SameTemplate(taken, template))
            {
                cluster.ReplicaSets.Observe(taken);
                return (taken, deployment);
            }

            // Its former owner let go of it, which is not known here yet: the next look takes it over.
            if (Ownership.IsOrphanOf(deployment, taken))
            {
                cluster.ReplicaSets.Observe(taken);
                throw;
            }

            // Somebody else's: another hash next time.
            JsonObject status = deployment.CopyAt("status");
            status["collisionCount"] = collisions + 1;
            await cluster.WriteStatusAsync(cluster.Deployments, deployment, status, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    private static JsonObject ReplicaSetOf(KubeObject deployment, JsonObject template, string hash, long revision)
    {
        template = template.DeepClone().AsObject();
        template.ObjectAt("metadata").ObjectAt("labels")[HashLabel] = hash;
        JsonObject selector = deployment.CopyAt("spec", "selector");
        selector.ObjectAt("matchLabels")[HashLabel] = hash;
        var annotations = new JsonObject();
        foreach ((string name, string value) in deployment.Annotations)
        {
            if (name is not ("kubectl.kubernetes.io/last-applied-configuration" or Revision))
            {
                annotations[name] = value;
            }
        }

        annotations[Revision] = Text(revision);
        var spec = new JsonObject { ["replicas"] = 0, ["selector"] = selector, ["template"] = template };
        if (deployment.NumberAt("spec", "minReadySeconds") is { } minReady)
        {
            spec["minReadySeconds"] = minReady;
        }

        return new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "ReplicaSet",
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{deployment.Name}-{hash}",
                ["namespace"] = deployment.Namespace,
                ["labels"] = template["metadata"]!["labels"]!.DeepClone(),
                ["annotations"] = annotations,
                ["ownerReferences"] = ObjectViews.OwnedBy(deployment),
            },
            ["spec"] = spec,
        };
    }

    private async Task ResizeAsync(KubeObject deployment, KubeObject? set, int replicas, int most, CancellationToken cancellationToken)
    {
        if (set is null)
        {
            return;
        }

        int before = set.IntAt(0, "spec", "replicas");
        string desired = Text(deployment.IntAt(1, "spec", "replicas"));
        if (before == replicas && (replicas == 0 || set.Annotations.GetValueOrDefault(DesiredReplicas) == desired))
        {
            return;
        }

        JsonObject body = set.ToJsonObject();
        body["spec"]!["replicas"] = replicas;
        JsonObject annotations = body.Metadata.ObjectAt("annotations");
        annotations[DesiredReplicas] = desired;
        annotations[MaxReplicas] = Text(most);
        await cluster.UpdateAsync(cluster.ReplicaSets, body, cancellationToken).ConfigureAwait(false);
        if (before != replicas)
        {
            string way = replicas > before ? "up" : "down";
            events.Normal(deployment, "ScalingReplicaSet", $"Scaled {way} replica set {set.Name} from {Text(before)} to {Text(replicas)}");
        }
    }

    private async Task ForgetAsync(KubeObject deployment, List<KubeObject> old, JsonObject status, CancellationToken cancellationToken)
    {
        bool complete = status.NumberAt("replicas") == status.NumberAt("updatedReplicas");
        int keep = deployment.IntAt(10, "spec", "revisionHistoryLimit");
        List<KubeObject> idle = [.. old.Where(s => !s.IsDeleting && s.IntAt(0, "spec", "replicas") == 0 && s.IntAt(0, "status", "replicas") == 0).OrderBy(RevisionOf)];
        if (!complete || idle.Count <= keep)
        {
            return;
        }

        foreach (KubeObject set in idle.Take(idle.Count - keep))
        {
            await cluster.DeleteAsync(cluster.ReplicaSets, set, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The same but for the hash label that this controller added.</summary>
    private static bool SameTemplate(KubeObject set, JsonObject template)
    {
        JsonObject own = set.CopyAt("spec", "template");
        (own.NodeAt("metadata", "labels") as JsonObject)?.Remove(HashLabel);
        return JsonNode.DeepEquals(own, template);
    }

    private static long RevisionOf(KubeObject set) =>
        long.TryParse(set.Annotations.GetValueOrDefault(Revision), CultureInfo.InvariantCulture, out long revision) ? revision : 0;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
