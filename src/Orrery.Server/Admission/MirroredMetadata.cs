using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Server.Admission;

/// <summary>
/// Keeps on an object of a data plane, in the virtual cluster, what says of which one it is: without it nobody would know it any more. And notes on a pod which labels and annotations its tenant
/// changes, so that they are carried to the pod itself: here alone is seen what was changed, later it could as well be the data plane's pod that differs. A copy that a tenant makes of one stands for nothing in a
/// data plane, and loses what says so: it would be taken for one whose original has gone. Asked behind all that users set up.
/// </summary>
internal sealed class MirroredMetadata : IMutatingPlugin
{
    private static readonly string[] Maps = ["labels", "annotations"];

    /// <summary>What a mirrored object has besides its label.</summary>
    private static readonly string[] Marks = [OrreryNames.SourceUidAnnotation, OrreryNames.SourceResourcesAnnotation, PodMetadata.Annotation, OrreryNames.RunsInAnnotation];

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Cluster.IsRoot: false, Operation: AdmissionOperation.Update, Subresource: "" or "status", IsControlPlane: false, Old: { } old, Object: { } wanted }
            && old.TextAt("metadata", "labels", OrreryNames.DataPlaneLabel) is not null && old.TextAt("metadata", "annotations", OrreryNames.SourceUidAnnotation) is not null)
        {
            foreach (string map in Maps)
            {
                foreach ((string key, JsonNode? value) in old.NodeAt("metadata", map)!.AsObject().Where(m => m.Key.StartsWith(OrreryNames.Prefix, StringComparison.Ordinal)))
                {
                    wanted.Metadata.ObjectAt(map)[key] = value?.DeepClone();
                }
            }

            if (request.GroupResource is { Group: "", Resource: "pods" } && PodMetadata.Between(old, wanted) is { IsEmpty: false } changed)
            {
                wanted.Metadata.ObjectAt("annotations")[PodMetadata.Annotation] =
                    PodMetadata.Parse(old.TextAt("metadata", "annotations", PodMetadata.Annotation)).With(changed).ToText();
            }
        }

        if (request is { Cluster.IsRoot: false, Operation: AdmissionOperation.Create, Subresource: "", IsControlPlane: false, Object: { } made, Kind.Kind: "Pod" or "Job" or "PersistentVolumeClaim" }
            && made.TextAt("metadata", "labels", OrreryNames.DataPlaneLabel) is { } dataPlane && !IsMirroredName(made, dataPlane))
        {
            Unmark(made.Metadata);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>What is put back under the name that it had, as from a backup, is the control plane's to judge.</summary>
    private static bool IsMirroredName(JsonObject made, string dataPlane) => made.Name.EndsWith("." + dataPlane, StringComparison.Ordinal);

    private static void Unmark(JsonObject metadata)
    {
        metadata.ObjectAt("labels").Remove(OrreryNames.DataPlaneLabel);
        foreach (string mark in metadata["annotations"] is JsonObject ? Marks : [])
        {
            metadata.ObjectAt("annotations").Remove(mark);
        }

        if (metadata["finalizers"] is JsonArray finalizers && finalizers.FirstOrDefault(f => (string?)f == OrreryNames.MirrorFinalizer) is { } ours)
        {
            finalizers.Remove(ours);
        }

        foreach (string member in (ReadOnlySpan<string>)["labels", "annotations", "finalizers"])
        {
            if (metadata[member] is JsonObject { Count: 0 } or JsonArray { Count: 0 })
            {
                metadata.Remove(member);
            }
        }
    }
}
