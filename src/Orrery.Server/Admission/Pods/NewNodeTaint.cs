using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Server.Admission.Pods;

/// <summary>A new node takes no pods before something has looked at it. Upstream: <c>plugin/pkg/admission/nodetaint</c>.</summary>
internal sealed class NewNodeTaint : IMutatingPlugin
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private static readonly GroupResource Nodes = new("", "nodes");

    public string Name => "TaintNodesByCondition";

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Operation: AdmissionOperation.Create, Subresource: "", IsControlPlane: false } && request.GroupResource == Nodes && request.Object is { } node)
        {
            JsonObject spec = node.ObjectAt("spec");
            if (!spec.Items("taints").Any(t => t.Text("key") == NotReady && t.Text("effect") == "NoSchedule"))
            {
                JsonArray taints = spec.List("taints") ?? [];
                taints.Add((JsonNode)new JsonObject { ["key"] = NotReady, ["effect"] = "NoSchedule" });
                spec["taints"] = taints;
            }
        }

        return ValueTask.CompletedTask;
    }
}
