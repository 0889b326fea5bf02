using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Mirror;

/// <summary>Turns a pod of a data plane into the pod that its tenant sees. Pure.</summary>
internal static class PodMirror
{
    /// <summary>What would mean something else, or nothing, in the virtual cluster, or what no one may set when making a pod.</summary>
    private static readonly string[] DroppedSpec = ["priority", "ephemeralContainers", "preemptionPolicy", "schedulingGates", "resourceClaims"];

    private const string TemplateHashLabel = "pod-template-hash";

    /// <param name="pod">As it is in the data plane; used up.</param>
    /// <param name="node">Name of the mirrored node; empty while the pod is not bound.</param>
    public static JsonObject Build(JsonObject pod, MirrorKey key, string dataPlane, string node)
    {
        JsonObject spec = pod["spec"]?.DeepClone() as JsonObject ?? [];
        foreach (string name in DroppedSpec)
        {
            spec.Remove(name);
        }

        spec.Remove("nodeName");
        if (node.Length > 0)
        {
            spec["nodeName"] = node;
        }

        JsonObject metadata = Metadata(pod, key, dataPlane);
        if (PodOwner.RevisionHash(pod) is { } hash)
        {
            metadata["labels"]![TemplateHashLabel] = hash;
        }

        (metadata["annotations"] as JsonObject)!.Remove(OrreryNames.TemplateHashAnnotation);
        metadata["finalizers"] = new JsonArray(OrreryNames.MirrorFinalizer);
        JsonObject status = pod["status"]?.DeepClone() as JsonObject ?? [];
        TakenMachines.Hide(status["conditions"] as JsonArray);
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = metadata,
            ["spec"] = spec,
            ["status"] = status,
        };
    }

    /// <summary>Claims are called otherwise in the virtual cluster where they were made in the data plane.</summary>
    /// <param name="pod">Changed in place.</param>
    /// <param name="name">Gives the name there.</param>
    public static void NameClaims(JsonObject pod, Func<string, string> name)
    {
        foreach (JsonObject claim in (pod.NodeAt("spec", "volumes") as JsonArray ?? []).OfType<JsonObject>().Select(v => v["persistentVolumeClaim"]).OfType<JsonObject>())
        {
            if (claim.TextAt("claimName") is { } called)
            {
                claim["claimName"] = name(called);
            }
        }
    }

    /// <summary>What is known of a pod whose data plane is silent: that nothing is known.</summary>
    public static void Silence(JsonObject status, string message)
    {
        status["phase"] = "Unknown";
        status["reason"] = "DataPlaneSilent";
        status["message"] = message;
        foreach (string list in (ReadOnlySpan<string>)["containerStatuses", "initContainerStatuses"])
        {
            foreach (JsonObject container in (status[list] as JsonArray ?? []).OfType<JsonObject>())
            {
                container["ready"] = false;
            }
        }

        foreach (JsonObject condition in (status["conditions"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (condition.TextAt("type") is "Ready" or "ContainersReady")
            {
                condition["status"] = "Unknown";
                condition["reason"] = "DataPlaneSilent";
            }
        }
    }

    /// <summary>A digest of what a pod and its containers ask for.</summary>
    public static string ResourcesOf(JsonObject pod)
    {
        IEnumerable<string> asked = (pod.NodeAt("spec", "containers") as JsonArray ?? []).OfType<JsonObject>().Select(c => $"{c.TextAt("name")} {c["resources"]?.ToJsonString()}");
        if (pod.NodeAt("spec", "resources") is { } whole)
        {
            asked = asked.Append(whole.ToJsonString());
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', asked))).AsSpan(0, 8));
    }

    /// <summary>Whether the mirrored pod must be made anew: it stands for another pod, or for one whose fixed fields changed.</summary>
    public static bool MustReplace(KubeObject present, JsonObject wanted) =>
        present.Annotations.GetValueOrDefault(OrreryNames.SourceUidAnnotation) != wanted.TextAt("metadata", "annotations", OrreryNames.SourceUidAnnotation)
        || (present.TextAt("spec", "nodeName") ?? "") != (wanted.TextAt("spec", "nodeName") ?? "")
        || !Images(present.ToJsonObject()).SequenceEqual(Images(wanted), StringComparer.Ordinal);

    public static JsonObject Metadata(JsonObject original, MirrorKey key, string dataPlane)
    {
        JsonObject labels = original.NodeAt("metadata", "labels")?.DeepClone() as JsonObject ?? [];
        labels[OrreryNames.DataPlaneLabel] = dataPlane;
        JsonObject annotations = original.NodeAt("metadata", "annotations")?.DeepClone() as JsonObject ?? [];
        annotations[OrreryNames.SourceUidAnnotation] = original.Uid;
        return new JsonObject
        {
            ["name"] = key.Object.Name,
            ["namespace"] = key.Object.Namespace,
            ["labels"] = labels,
            ["annotations"] = annotations,
        };
    }

    private static IEnumerable<string> Images(JsonObject pod) =>
        (pod.NodeAt("spec", "containers") as JsonArray ?? []).OfType<JsonObject>().Select(c => c.TextAt("image") ?? "");
}
