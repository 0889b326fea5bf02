using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Placement;
using Orrery.Machinery.Workloads;

namespace Orrery.Controllers.Revisions;

/// <summary>Keeps the templates that a StatefulSet or DaemonSet of a virtual cluster has had: what <c>kubectl rollout history</c> and <c>undo</c> read.</summary>
internal sealed class ControllerRevisions(RevisionClient client, SourceInformers sources, Informer revisions) : IReconciler<SourceKey>
{
    private const int UsualHistory = 10;

    public async Task<ReconcileResult> ReconcileAsync(SourceKey key, CancellationToken cancellationToken)
    {
        if (sources.Get(key) is not { } owner || !client.Keeps(owner) || owner.ToJsonObject().NodeAt("spec", "template") is not JsonObject template)
        {
            return ReconcileResult.Done;
        }

        JsonObject data = RevisionData.Of(template);
        LabelSelector selector = LabelSelector.FromJson(owner.ToJsonObject().NodeAt("spec", "selector") as JsonObject);
        if (await client.ClaimAsync(revisions, key.Kind, owner, r => selector.Matches(r.Labels), cancellationToken).ConfigureAwait(false) is not { } claimed)
        {
            return ReconcileResult.Done;
        }

        List<KubeObject> known = [.. claimed.OrderBy(Number)];
        long highest = known.Select(Number).DefaultIfEmpty(0).Max();
        KubeObject? current = known.Find(r => JsonNode.DeepEquals(r.ToJsonObject()["data"], data));
        if (current is null)
        {
            _ = await client.CreateAsync(revisions, owner.Cluster, Build(key.Kind, owner, template, data, highest + 1), cancellationToken).ConfigureAwait(false);
        }
        else if (Number(current) < highest)
        {
            var patch = new JsonArray(new JsonObject { ["op"] = "add", ["path"] = "/revision", ["value"] = highest + 1 });
            await client.PatchAsync(revisions, current, patch, cancellationToken).ConfigureAwait(false);
        }

        List<KubeObject> old = [.. known.Where(r => r.Uid != current?.Uid)];
        int keep = (int)(owner.NumberAt("spec", "revisionHistoryLimit") ?? UsualHistory);
        foreach (KubeObject gone in old.Take(Math.Max(0, old.Count - keep)))
        {
            await client.DeleteAsync(revisions, gone, cancellationToken).ConfigureAwait(false);
        }

        return ReconcileResult.Done;
    }

    private static JsonObject Build(GroupKind kind, KubeObject owner, JsonObject template, JsonObject data, long number)
    {
        string hash = TemplateHash.Of(template);
        JsonObject labels = template.NodeAt("metadata", "labels")?.DeepClone() as JsonObject ?? [];
        labels[RevisionData.HashLabel] = hash;
        return new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "ControllerRevision",
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{owner.Name}-{hash}",
                ["namespace"] = owner.Namespace,
                ["labels"] = labels,
                ["ownerReferences"] = new JsonArray((JsonNode)RevisionKinds.OwnedBy(owner, kind)),
            },
            ["data"] = data,
            ["revision"] = number,
        };
    }

    private static long Number(KubeObject revision) => revision.NumberAt("revision") ?? 0;
}
