using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Pods;

/// <summary>A pod is labelled with the zone and the region of its node when it gets one, so that it can be told them. Upstream: <c>plugin/pkg/admission/podtopologylabels</c>.</summary>
internal sealed class PodTopologyLabels(ObjectStore objects) : IMutatingPlugin
{
    private static readonly ResourceDefinition Nodes = BuiltinResources.Instance.Require("", "v1", "nodes");
    private static readonly GroupResource Pods = new("", "pods");
    private static readonly string[] Labels = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Operation: AdmissionOperation.Create, IsControlPlane: false, Object: { } json } && request.GroupResource == Pods)
        {
            string? node = request.Subresource switch
            {
                "" => json.TextAt("spec", "nodeName"),
                "binding" when json.TextAt("target", "kind") is null or "" or "Node" => json.TextAt("target", "name"),
                _ => null,
            };
            if (node is { Length: > 0 } && objects.Find(Nodes, request.Cluster, "", node) is { } found)
            {
                Copy(KubeObject.Parse(found.Json.Span).Labels, json);
            }
        }

        return ValueTask.CompletedTask;
    }

    private static void Copy(IReadOnlyDictionary<string, string> labels, JsonObject json)
    {
        foreach (string label in Labels)
        {
            if (labels.TryGetValue(label, out string? value))
            {
                json.Metadata.ObjectAt("labels")[label] = value;
            }
        }
    }
}
