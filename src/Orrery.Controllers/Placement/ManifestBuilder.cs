using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Machinery.Workloads;

namespace Orrery.Controllers.Placement;

/// <summary>
/// Turns an object of a virtual cluster into what a data plane applies: everything that belongs to the one cluster that it was read
/// from is taken out, so that the data plane's own API server decides it anew. Pure.
/// </summary>
internal static class ManifestBuilder
{
    private static readonly string[] KeptMetadata = ["name", "labels", "annotations"];

    private static readonly string[] DroppedAnnotations =
    [
        "kubectl.kubernetes.io/last-applied-configuration",
        "deployment.kubernetes.io/revision",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "pv.kubernetes.io/bind-completed",
        "pv.kubernetes.io/bound-by-controller",
        "volume.kubernetes.io/selected-node",
        "volume.kubernetes.io/storage-provisioner",
        "volume.beta.kubernetes.io/storage-provisioner",
    ];

    /// <param name="kind">Says the API version in which the object was read.</param>
    /// <param name="mappedNamespace">Namespace in the data plane.</param>
    /// <param name="tenant">Name of the tenant that owns the virtual cluster.</param>
    /// <param name="replicas">Share of the replicas; null leaves what the object says.</param>
    public static JsonObject Build(KubeObject source, PlaceableKind kind, string tenant, string mappedNamespace, int? replicas)
    {
        JsonObject json = source.ToJsonObject();
        json.Remove("status");
        json["apiVersion"] = kind.Resource.ApiVersion;
        json["kind"] = kind.Kind;

        // 1. Metadata: only what people say.
        JsonObject metadata = json.Metadata;
        foreach (string name in metadata.Select(m => m.Key).Except(KeptMetadata).ToList())
        {
            metadata.Remove(name);
        }

        metadata["namespace"] = mappedNamespace;
        DropAnnotations(metadata);

        // 2. Spec: what the virtual cluster's API server or its controllers filled in.
        ClusterFields.Remove(json);

        // 3. Which revision its pods will be of.
        if (kind.Kind is "Deployment" or "StatefulSet" or "DaemonSet" && json.NodeAt("spec", "template") is JsonObject template)
        {
            string hash = TemplateHash.Of(template);
            template.ObjectAt("metadata").ObjectAt("annotations")[OrreryNames.TemplateHashAnnotation] = hash;
        }
        else if (LeftRevisions.HashOf(source) is { } left && json.NodeAt("spec", "template") is JsonObject former)
        {
            former.ObjectAt("metadata").ObjectAt("annotations")[OrreryNames.TemplateHashAnnotation] = left;
        }

        // 4. Namespaces that it selects.
        NamespaceSelectors.Map(json, tenant, source.Cluster);

        // 5. The share of this data plane.
        if (replicas is { } share && json["spec"] is JsonObject spec)
        {
            spec["replicas"] = share;
        }

        return json;
    }

    private static void DropAnnotations(JsonObject metadata)
    {
        if (metadata["annotations"] is not JsonObject annotations)
        {
            return;
        }

        foreach (string name in annotations.Select(a => a.Key).Where(IsOurs).Concat(DroppedAnnotations).ToList())
        {
            annotations.Remove(name);
        }

        if (annotations.Count == 0)
        {
            metadata.Remove("annotations");
        }
    }

    private static bool IsOurs(string annotation) => annotation.StartsWith(OrreryNames.Prefix, StringComparison.Ordinal);
}
