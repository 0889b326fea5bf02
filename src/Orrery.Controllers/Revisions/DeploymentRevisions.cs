using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Machinery.Workloads;

namespace Orrery.Controllers.Revisions;

/// <summary>
/// Shows the revisions of a Deployment as ReplicaSets in its virtual cluster: one a template, over all data planes, with their pods summed. They
/// are history and counts; what runs is decided in each data plane.
/// </summary>
internal sealed class DeploymentRevisions(RevisionClient client, Informer deployments, Informer sets, Informer pods, TimeProvider time) : IReconciler<ObjectKey>
{
    private const int UsualHistory = 10;

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (deployments.Get(key) is not { } deployment || !client.Keeps(deployment) || deployment.ToJsonObject().NodeAt("spec", "template") is not JsonObject template)
        {
            return ReconcileResult.Done;
        }

        // 1. The revision of the present template: an old one that came back, or a new one, is the newest.
        if (await client.ClaimAsync(sets, RevisionKinds.Deployment, deployment, s => IsLeft(deployment, s), cancellationToken).ConfigureAwait(false) is not { } claimed)
        {
            return ReconcileResult.Done;
        }

        List<KubeObject> known = [.. claimed.OrderBy(ReplicaSetObjects.Revision)];

        // One that was adopted stands for what ran before, whatever its template: pods are told to be of a revision by its name.
        KubeObject? current = known.Find(s => s.Annotations.ContainsKey(OrreryNames.RevisionAnnotation) && ReplicaSetObjects.HasTemplate(s, template));
        bool isPaused = current is null && deployment.At("spec", "paused") is { ValueKind: JsonValueKind.True };
        if (isPaused)
        {
            // No revision is made of what is changed while a Deployment is paused, which ends as one: what runs is of the last.
            current = known.LastOrDefault();
            if (current is null)
            {
                return ReconcileResult.Done;
            }
        }

        long number = known.Where(s => s.Uid != current?.Uid).Select(ReplicaSetObjects.Revision).DefaultIfEmpty(0).Max() + 1;
        number = Math.Max(number, current is null ? 0 : ReplicaSetObjects.Revision(current));
        long replicas = Wanted(deployment);
        if (current is null)
        {
            current = await CreateAsync(deployment, template, number, replicas, cancellationToken).ConfigureAwait(false);
            known.Add(current);
        }

        // 2. What each says.
        TimeSpan? again = null;
        int former = known.Where(s => s.Uid != current.Uid).Sum(s => ReplicaSetObjects.Live(pods.ByIndex(RevisionKinds.ByOwner, s.Uid)).Count);
        foreach (KubeObject set in known)
        {
            IReadOnlyList<KubeObject> owned = pods.ByIndex(RevisionKinds.ByOwner, set.Uid);
            bool isCurrent = set.Uid == current.Uid;

            // While a rollout is under way the newest takes over from the others, a pod after the other.
            int live = ReplicaSetObjects.Live(owned).Count;
            long share = isCurrent ? Math.Min(replicas, Math.Max(live, replicas - former)) : live;
            KubeObject written = await UpdateAsync(
                set, share, isCurrent && !isPaused ? ReplicaSetObjects.Annotations(deployment, number, replicas) : ReplicaSetObjects.AnnotationsOfFormer(deployment, set), cancellationToken).ConfigureAwait(false);
            JsonObject status = ReplicaSetObjects.Status(written, owned, time.GetUtcNow(), out TimeSpan? wait);
            again = wait is { } w && !(again < w) ? w : again;
            if (!JsonComparison.IsSame(written.At("status"), status))
            {
                var patch = new JsonArray(new JsonObject { ["op"] = "add", ["path"] = "/status", ["value"] = status });
                await client.PatchAsync(sets, written, patch, cancellationToken, "status").ConfigureAwait(false);
            }
        }

        await NumberAsync(deployment, number, cancellationToken).ConfigureAwait(false);

        // 3. History has an end.
        List<KubeObject> idle = [.. known.Where(s => s.Uid != current.Uid && pods.ByIndex(RevisionKinds.ByOwner, s.Uid).Count == 0)];
        int keep = (int)(deployment.NumberAt("spec", "revisionHistoryLimit") ?? UsualHistory);
        foreach (KubeObject old in idle.Take(Math.Max(0, idle.Count - keep)))
        {
            await client.DeleteAsync(sets, old, cancellationToken).ConfigureAwait(false);
        }

        return again is { } look ? ReconcileResult.After(look) : ReconcileResult.Done;
    }

    /// <summary>
    /// Whether a ReplicaSet that nobody controls becomes one of the Deployment's: one that it selects, left by another Deployment or a tenant's own. Data planes run the latter no more from then on: there
    /// the Deployment would take it over, and a satellite give it back its replicas.
    /// </summary>
    public static bool IsLeft(KubeObject deployment, KubeObject set) =>
        deployment.ToJsonObject().NodeAt("spec", "selector") is JsonObject json && LabelSelector.FromJson(json) is { IsEverything: false } selector && selector.Matches(set.Labels);

    /// <summary>Over all data planes.</summary>
    public static long Wanted(KubeObject deployment) =>
        long.TryParse(deployment.Annotations.GetValueOrDefault(OrreryNames.DesiredReplicasAnnotation), NumberStyles.None, CultureInfo.InvariantCulture, out long total)
            ? total
            : deployment.NumberAt("spec", "replicas") ?? 1;

    private async Task<KubeObject> CreateAsync(KubeObject deployment, JsonObject template, long number, long replicas, CancellationToken cancellationToken)
    {
        string hash = TemplateHash.Of(template);
        for (int collisions = 0; ; collisions++)
        {
            string name = collisions == 0 ? $"{deployment.Name}-{hash}" : $"{deployment.Name}-{TemplateHash.Of(template, collisions)}";
            JsonObject body = ReplicaSetObjects.Build(deployment, hash, name, number, replicas);
            if (await client.CreateAsync(sets, deployment.Cluster, body, cancellationToken).ConfigureAwait(false) is { } made)
            {
                return made;
            }

            if (sets.Get(deployment.Cluster, deployment.Namespace, name) is not { } holder || RevisionKinds.OwnersOf(holder).Contains(deployment.Uid) || collisions > 3)
            {
                // Made by this process a moment ago, or not seen yet: looked at again.
                throw ApiErrors.Conflict(sets.Resource.GroupResource, name, "the name is taken by a ReplicaSet that is not seen yet");
            }
        }
    }

    private async Task<KubeObject> UpdateAsync(KubeObject set, long replicas, JsonObject annotations, CancellationToken cancellationToken)
    {
        var patch = new JsonArray();
        if (set.NumberAt("spec", "replicas") != replicas)
        {
            patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = "/spec/replicas", ["value"] = replicas });
        }

        if (!JsonComparison.IsSame(set.At("metadata", "annotations"), annotations) && (annotations.Count > 0 || set.Annotations.Count > 0))
        {
            patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = "/metadata/annotations", ["value"] = annotations });
        }

        return patch.Count == 0 ? set : await client.PatchAsync(sets, set, patch, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>On the Deployment too, through its status: an annotation written otherwise would count as a new generation.</summary>
    private async Task NumberAsync(KubeObject deployment, long number, CancellationToken cancellationToken)
    {
        string text = number.ToString(CultureInfo.InvariantCulture);
        bool isMarked = deployment.Annotations.ContainsKey(OrreryNames.RevisionAnnotation);
        if (deployment.Annotations.GetValueOrDefault(ReplicaSetObjects.RevisionNumber) == text && !isMarked)
        {
            return;
        }

        var patch = new JsonArray();
        if (deployment.Annotations.Count == 0)
        {
            patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = "/metadata/annotations", ["value"] = new JsonObject() });
        }

        patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = "/metadata/annotations/deployment.kubernetes.io~1revision", ["value"] = text });
        if (isMarked)
        {
            // kubectl rollout undo copies what it finds on the revision.
            patch.Add((JsonNode)new JsonObject { ["op"] = "remove", ["path"] = "/metadata/annotations/" + OrreryNames.RevisionAnnotation.Replace("/", "~1", StringComparison.Ordinal) });
        }

        await client.PatchAsync(deployments, deployment, patch, cancellationToken, "status").ConfigureAwait(false);
    }
}
