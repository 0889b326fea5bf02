using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Revisions;

namespace Orrery.Controllers.Placement;

/// <summary>
/// What becomes of a Deployment's revisions when it is deleted with <c>--cascade=orphan</c>. They stood for ReplicaSets of the data planes, which their Deployments there leave too; from then on
/// each is placed by itself, and a satellite takes what was left under its own name there.
/// </summary>
internal sealed class LeftRevisions(KubeClient root, Informer sets, ObjectPlacements placements)
{
    /// <summary>What the Deployment said of where it runs and how it is handled, and its revisions do not.</summary>
    private static readonly string[] Inherited = [OrreryNames.VirtualSitesAnnotation, WorkHandling.DriftAnnotation, WorkHandling.ImmutableAnnotation, WorkHandling.ConflictsAnnotation];

    /// <summary>Hash of the template of a ReplicaSet that was left, by which what it stood for is found in a data plane; null for any other.</summary>
    public static string? HashOf(KubeObject source) =>
        source.Kind == "ReplicaSet" && source.Annotations.ContainsKey(OrreryNames.LeftAnnotation) ? source.TextAt("spec", "selector", "matchLabels", ReplicaSetObjects.HashLabel) : null;

    /// <summary>Whether the Work of such a ReplicaSet was never in force: the data plane has what was left all the same.</summary>
    public static bool IsUntaken(KubeObject work) =>
        work.TextAt("spec", "source", "kind") == "ReplicaSet" && work.NumberAt("status", "observedGeneration") is null
        && work.TextAt("spec", "manifest", "spec", "template", "metadata", "annotations", OrreryNames.TemplateHashAnnotation) is not null;

    /// <summary>Has what the Deployment leaves placed. To be asked again until it is, and only then is the Deployment let go of: nobody is to delete what no data plane was told of.</summary>
    /// <param name="divides">Whether replicas are divided among data planes; otherwise each has as many as the object says.</param>
    /// <returns>Whether all of it is.</returns>
    public async Task<bool> PlaceAsync(KubeObject deployment, bool divides, CancellationToken cancellationToken)
    {
        KubeObject[] revisions =
        [
            .. sets.InNamespace(deployment.Cluster, deployment.Namespace)
                .Where(s => !s.IsDeleting && s.Annotations.GetValueOrDefault(OrreryNames.RevisionAnnotation) == deployment.Name && RevisionKinds.OwnersOf(s).All(o => o == deployment.Uid))
                .OrderByDescending(ReplicaSetObjects.Revision),
        ];
        long left = deployment.NumberAt("spec", "replicas") ?? 1;
        long planes = divides || left == 0 ? 1 : Math.Max(1, DeploymentRevisions.Wanted(deployment) / left);
        var shares = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (KubeObject former in revisions.Skip(1))
        {
            // What it counts is summed over data planes.
            long sum = former.NumberAt("spec", "replicas") ?? 0;
            shares[former.Uid] = (sum + planes - 1) / planes;
            left -= shares[former.Uid];
        }

        bool isDone = true;
        foreach (KubeObject set in revisions)
        {
            if (!set.Annotations.ContainsKey(OrreryNames.LeftAnnotation) || RevisionKinds.OwnersOf(set).Any())
            {
                // Its server has let go of them. One that still has its owner is seen late, or was taken back by who had not seen that it goes.
                await LeaveAsync(set, deployment, shares.TryGetValue(set.Uid, out long share) ? share : Math.Max(left, 0), cancellationToken).ConfigureAwait(false);
                isDone = false;
                continue;
            }

            ObjectPlacement placement = placements.Of(new SourceKey(RevisionKinds.ReplicaSet, ObjectKey.Of(set)));
            isDone &= placement.IsPlaced && placement.Targets.TrueForAll(t => t.Paused || placement.Existing.ContainsKey(t.Name));
        }

        return isDone;
    }

    /// <summary>Without the Deployment.</summary>
    private static JsonArray Owners(KubeObject set, KubeObject deployment) =>
        [.. (set.ToJsonObject().NodeAt("metadata", "ownerReferences") as JsonArray ?? []).OfType<JsonObject>().Where(o => o.TextAt("uid") != deployment.Uid).Select(o => o.DeepClone())];

    private async Task LeaveAsync(KubeObject set, KubeObject deployment, long replicas, CancellationToken cancellationToken)
    {
        var annotations = new JsonObject();
        foreach ((string name, string value) in set.Annotations.Concat(deployment.Annotations.Where(a => Inherited.Contains(a.Key))))
        {
            annotations[name] = value;
        }

        annotations[OrreryNames.LeftAnnotation] = "true";
        JsonArray patch =
        [
            new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = set.Uid },
            new JsonObject { ["op"] = "add", ["path"] = "/metadata/annotations", ["value"] = annotations },
            new JsonObject { ["op"] = "add", ["path"] = "/metadata/ownerReferences", ["value"] = Owners(set, deployment) },
            new JsonObject { ["op"] = "add", ["path"] = "/spec/replicas", ["value"] = replicas },
        ];
        try
        {
            KubeObject written = await root.InCluster(set.Cluster).PatchAsync(sets.Resource, set.Namespace, set.Name, PatchKind.Json, patch, cancellationToken).ConfigureAwait(false);
            sets.Observe(written, set.Cluster);
        }
        catch (StatusException e) when (e.IsNotFound || e.Reason == StatusReason.Invalid)
        {
            // Deleted meanwhile, alone or with its namespace.
        }
    }
}
