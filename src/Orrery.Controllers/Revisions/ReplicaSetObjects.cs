using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Revisions;

/// <summary>The ReplicaSets by which a virtual cluster shows the revisions of a Deployment. Pure.</summary>
internal static class ReplicaSetObjects
{
    public const string RevisionNumber = "deployment.kubernetes.io/revision";
    public const string HashLabel = "pod-template-hash";
    private const string DesiredReplicas = "deployment.kubernetes.io/desired-replicas";
    private const string MaxReplicas = "deployment.kubernetes.io/max-replicas";

    /// <summary>Annotations of a Deployment that are about itself (upstream: <c>annotationsToSkip</c>), and ours.</summary>
    private static readonly string[] NotTaken =
    [
        "kubectl.kubernetes.io/last-applied-configuration", RevisionNumber, "deployment.kubernetes.io/revision-history", DesiredReplicas, MaxReplicas, "deprecated.deployment.rollback.to",
    ];

    /// <param name="hash">Of the template, as placement writes it.</param>
    /// <param name="name">Usually <c>deployment-hash</c>.</param>
    public static JsonObject Build(KubeObject deployment, string hash, string name, long revision, long replicas)
    {
        JsonObject spec = deployment.ToJsonObject()["spec"]!.AsObject();
        JsonObject template = spec["template"]!.DeepClone().AsObject();
        JsonObject labels = template.ObjectAt("metadata").ObjectAt("labels");
        labels[HashLabel] = hash;
        JsonObject selector = spec["selector"]!.DeepClone().AsObject();
        selector.ObjectAt("matchLabels")[HashLabel] = hash;
        var made = new JsonObject
        {
            ["replicas"] = replicas,
            ["selector"] = selector,
            ["template"] = template,
        };
        if (spec["minReadySeconds"] is { } seconds)
        {
            made["minReadySeconds"] = seconds.DeepClone();
        }

        return new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "ReplicaSet",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = deployment.Namespace,
                ["labels"] = labels.DeepClone(),
                ["annotations"] = Annotations(deployment, revision, replicas),
                ["ownerReferences"] = new JsonArray((JsonNode)RevisionKinds.OwnedBy(deployment, RevisionKinds.Deployment)),
            },
            ["spec"] = made,
        };
    }

    /// <summary>Those of the present revision follow the Deployment's, such as the cause of a change.</summary>
    public static JsonObject Annotations(KubeObject deployment, long revision, long replicas)
    {
        var annotations = new JsonObject();
        foreach ((string name, string value) in deployment.Annotations.Where(a => !NotTaken.Contains(a.Key) && !a.Key.StartsWith(OrreryNames.Prefix, StringComparison.Ordinal)))
        {
            annotations[name] = value;
        }

        string count = replicas.ToString(CultureInfo.InvariantCulture);
        annotations[RevisionNumber] = revision.ToString(CultureInfo.InvariantCulture);
        annotations[DesiredReplicas] = count;
        annotations[MaxReplicas] = count;
        annotations[OrreryNames.RevisionAnnotation] = deployment.Name;
        return annotations;
    }

    /// <summary>Those of a former revision stay, but for what it said while it was placed by itself.</summary>
    public static JsonObject AnnotationsOfFormer(KubeObject deployment, KubeObject set)
    {
        var annotations = new JsonObject();
        foreach ((string name, string value) in set.Annotations.Where(a => !a.Key.StartsWith(OrreryNames.Prefix, StringComparison.Ordinal)))
        {
            annotations[name] = value;
        }

        if (set.Annotations.ContainsKey(OrreryNames.RevisionAnnotation))
        {
            annotations[OrreryNames.RevisionAnnotation] = deployment.Name;
        }

        return annotations;
    }

    public static long Revision(KubeObject set) =>
        long.TryParse(set.Annotations.GetValueOrDefault(RevisionNumber), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;

    /// <summary>Whether a ReplicaSet has the template of the Deployment, but for the label that tells it apart.</summary>
    public static bool HasTemplate(KubeObject set, JsonNode template)
    {
        JsonNode? other = set.ToJsonObject().NodeAt("spec", "template");
        (other?["metadata"]?["labels"] as JsonObject)?.Remove(HashLabel);
        return JsonNode.DeepEquals(other, template);
    }

    /// <summary>Those that count: neither ended nor on their way out.</summary>
    public static List<KubeObject> Live(IReadOnlyList<KubeObject> pods) => [.. pods.Where(p => !p.IsDeleting && p.TextAt("status", "phase") is not ("Succeeded" or "Failed"))];

    /// <param name="pods">Those that it owns, in all data planes.</param>
    public static JsonObject Status(KubeObject set, IReadOnlyList<KubeObject> pods, DateTimeOffset now, out TimeSpan? lookAgain)
    {
        long wait = set.NumberAt("spec", "minReadySeconds") ?? 0;
        List<KubeObject> live = Live(pods);
        List<DateTimeOffset> ready = [.. live.Select(p => Conditions.Find(p, "Ready")).OfType<ConditionState>().Where(c => c.Status == Conditions.True)
            .Select(c => (c.LastTransitionTime ?? DateTimeOffset.UnixEpoch) + TimeSpan.FromSeconds(wait))];

        // Without a wait, ready is available: whose clock says when it became so plays no part.
        int available = wait == 0 ? ready.Count : ready.Count(from => from <= now);
        lookAgain = available < ready.Count ? ready.Where(from => from > now).Min() - now : null;
        var status = new JsonObject { ["replicas"] = live.Count, ["observedGeneration"] = set.Generation };
        Put(status, "fullyLabeledReplicas", live.Count);
        Put(status, "readyReplicas", ready.Count);
        Put(status, "availableReplicas", available);
        return status;
    }

    private static void Put(JsonObject status, string field, int count)
    {
        if (count > 0)
        {
            status[field] = count;
        }
    }
}
