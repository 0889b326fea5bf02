using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Server.Admission.Pods;

/// <summary>A pod stays five minutes on a node that went away, unless it says otherwise. Upstream: <c>plugin/pkg/admission/defaulttolerationseconds</c>.</summary>
internal sealed class DefaultTolerations : IMutatingPlugin
{
    private static readonly GroupResource Pods = new("", "pods");

    public string Name => "DefaultTolerationSeconds";

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        // On an update too, so that a pod can be replaced by its manifest: tolerations may not be taken away. A mirrored pod keeps to what its data plane says.
        if (request is { Operation: AdmissionOperation.Create, Subresource: "" } or { Operation: AdmissionOperation.Update, Subresource: "", IsControlPlane: false }
            && request.GroupResource == Pods && request.Object?["spec"] is JsonObject spec)
        {
            Tolerate(spec, "node.kubernetes.io/not-ready");
            Tolerate(spec, "node.kubernetes.io/unreachable");
        }

        return ValueTask.CompletedTask;
    }

    private static void Tolerate(JsonObject spec, string taint)
    {
        bool said = spec.Items("tolerations").Any(t => (t.Text("key").Length == 0 || t.Text("key") == taint) && t.Text("effect") is "" or "NoExecute");
        if (said)
        {
            return;
        }

        if (spec["tolerations"] is not JsonArray tolerations)
        {
            spec["tolerations"] = tolerations = [];
        }

        tolerations.Add((JsonNode)new JsonObject { ["key"] = taint, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = 300 });
    }
}
