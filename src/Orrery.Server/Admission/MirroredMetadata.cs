using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Server.Admission;

/// <summary>
/// Keeps on an object of a data plane, in the virtual cluster, what says of which one it is: without it nobody would know it any more. And notes on a pod which labels and annotations its tenant
/// changes, so that they are carried to the pod itself: here alone is seen what was changed, later it could as well be the data plane's pod that differs. Asked behind all that users set up.
/// </summary>
internal sealed class MirroredMetadata : IMutatingPlugin
{
    private static readonly string[] Maps = ["labels", "annotations"];

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

        return ValueTask.CompletedTask;
    }
}
