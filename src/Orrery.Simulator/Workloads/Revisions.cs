using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Machinery.Workloads;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Workloads;

/// <summary>
/// The templates that a StatefulSet or DaemonSet has had, as ControllerRevisions: what <c>kubectl rollout history</c>
/// and <c>undo</c> read.
/// </summary>
/// <param name="owners">Of the kind whose templates these are.</param>
internal sealed class Revisions(SimulatedCluster cluster, Informer owners)
{
    public const string HashLabel = RevisionData.HashLabel;

    /// <summary>The revision of the owner's present template; made, or raised to newest, as needed.</summary>
    public async Task<KubeObject> CurrentAsync(KubeObject owner, CancellationToken cancellationToken)
    {
        JsonObject data = RevisionData.Of(owner.CopyAt("spec", "template"));
        List<KubeObject> known = await Ownership.ClaimAsync(cluster, cluster.ControllerRevisions, owners, owner, cancellationToken).ConfigureAwait(false);
        long highest = known.Select(Number).DefaultIfEmpty(0).Max();
        KubeObject? found = known.Find(r => JsonNode.DeepEquals(r.CopyAt("data"), data));
        if (found is null)
        {
            string hash = TemplateHash.Of(data);
            return await cluster.CreateAsync(cluster.ControllerRevisions, new JsonObject
            {
                ["apiVersion"] = "apps/v1",
                ["kind"] = "ControllerRevision",
                ["metadata"] = new JsonObject
                {
                    ["name"] = $"{owner.Name}-{hash}",
                    ["namespace"] = owner.Namespace,
                    ["labels"] = Labels(owner, hash),
                    ["ownerReferences"] = ObjectViews.OwnedBy(owner),
                },
                ["data"] = data,
                ["revision"] = highest + 1,
            }, cancellationToken).ConfigureAwait(false);
        }

        if (Number(found) < highest)
        {
            JsonObject body = found.ToJsonObject();
            body["revision"] = highest + 1;
            return await cluster.UpdateAsync(cluster.ControllerRevisions, body, cancellationToken).ConfigureAwait(false);
        }

        return found;
    }

    /// <summary>Deletes the oldest beyond <c>revisionHistoryLimit</c> that no pod is at.</summary>
    public async Task ForgetAsync(KubeObject owner, KubeObject current, IEnumerable<KubeObject> pods, CancellationToken cancellationToken)
    {
        var live = pods.Select(p => p.Labels.GetValueOrDefault(HashLabel)).ToHashSet();
        List<KubeObject> idle =
        [
            .. SimulatedCluster.OwnedBy(cluster.ControllerRevisions, owner)
                .Where(r => r.Uid != current.Uid && !live.Contains(HashOf(r)) && !live.Contains(r.Name)).OrderBy(Number),
        ];
        int keep = owner.IntAt(10, "spec", "revisionHistoryLimit");
        foreach (KubeObject revision in idle.Take(Math.Max(0, idle.Count - keep)))
        {
            await cluster.DeleteAsync(cluster.ControllerRevisions, revision, cancellationToken).ConfigureAwait(false);
        }
    }

    public static string HashOf(KubeObject revision) => revision.Labels.GetValueOrDefault(HashLabel) ?? "";

    private static long Number(KubeObject revision) => revision.NumberAt("revision") ?? 0;

    private static JsonObject Labels(KubeObject owner, string hash)
    {
        JsonObject labels = owner.CopyAt("spec", "template", "metadata", "labels");
        labels[HashLabel] = hash;
        return labels;
    }
}
