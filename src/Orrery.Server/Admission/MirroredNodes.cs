using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Server.Admission;

/// <summary>Says to whoever cordons, taints or labels a node of a data plane in a virtual cluster that this is for show: the scheduler there does not see it, and it is put back.</summary>
internal sealed class MirroredNodes : IValidatingPlugin
{
    private static readonly string[] Scheduling = ["unschedulable", "taints"];
    private static readonly string[] Marks = ["labels", "annotations"];

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Cluster.IsRoot: false, Operation: AdmissionOperation.Update, GroupResource: { Group: "", Resource: "nodes" }, IsControlPlane: false, Old: { } old, Object: { } wanted }
            && old.TextAt("metadata", "labels", OrreryNames.DataPlaneLabel) is { } dataPlane && old.NodeAt("metadata", "annotations", OrreryNames.SourceUidAnnotation) is not null)
        {
            if (Scheduling.Any(f => !JsonNode.DeepEquals(old.NodeAt("spec", f), wanted.NodeAt("spec", f))))
            {
                request.Notes.Warn($"node {request.Name} is data plane {dataPlane}'s: cordoning or tainting it here has no effect there, and is put back");
            }

            if (Marks.Any(f => !JsonNode.DeepEquals(old.NodeAt("metadata", f), wanted.NodeAt("metadata", f))))
            {
                request.Notes.Warn($"node {request.Name} is data plane {dataPlane}'s: its labels and annotations are those that it has there, and are put back");
            }
        }

        return ValueTask.CompletedTask;
    }
}
