using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Quotas;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Pods;

/// <summary>A pod gets the overhead and the nodes of its RuntimeClass. Upstream: <c>plugin/pkg/admission/runtimeclass</c>.</summary>
internal sealed class RuntimeClassOverhead(ObjectStore objects) : IMutatingPlugin
{
    private static readonly ResourceDefinition Classes = BuiltinResources.Instance.Require("node.k8s.io", "v1", "runtimeclasses");
    private static readonly GroupResource Pods = new("", "pods");

    public string Name => "RuntimeClass";

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Operation: AdmissionOperation.Create, Subresource: "", IsControlPlane: false } && request.GroupResource == Pods && request.Object?["spec"] is JsonObject spec)
        {
            string name = spec.Text("runtimeClassName");
            JsonObject? type = name.Length == 0 ? null : objects.Find(Classes, request.Cluster, "", name) is { } found
                ? StoredJson.Parse(found.Json.Span)
                : throw Refusal(request, $"RuntimeClass \"{name}\" not found");
            SetOverhead(request, spec, type?.Child("overhead")?["podFixed"] as JsonObject);
            if (type?.Child("scheduling") is { } scheduling)
            {
                Place(request, spec, scheduling);
            }
        }

        return ValueTask.CompletedTask;
    }

    private static void SetOverhead(AdmissionRequest request, JsonObject spec, JsonObject? overhead)
    {
        if (overhead is null)
        {
            if (spec.Count("overhead") > 0)
            {
                throw Refusal(request, "Pod Overhead set without corresponding RuntimeClass defined Overhead");
            }

            return;
        }

        if (spec.Has("overhead") && !ResourceList.Read(spec["overhead"]).SequenceEqual(ResourceList.Read(overhead)))
        {
            throw Refusal(request, "Pod's Overhead doesn't match RuntimeClass's defined Overhead");
        }

        spec["overhead"] = overhead.DeepClone();
    }

    private static void Place(AdmissionRequest request, JsonObject spec, JsonObject scheduling)
    {
        foreach ((string key, string value) in scheduling.TextMap("nodeSelector"))
        {
            JsonObject selector = spec.ObjectAt("nodeSelector");
            if (selector.TextAt(key) is { } said && said != value)
            {
                throw Refusal(request, $"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {said}");
            }

            selector[key] = value;
        }

        foreach (JsonObject toleration in scheduling.Items("tolerations").Where(t => !spec.Items("tolerations").Any(s => JsonFields.Same(s, t))).ToArray())
        {
            if (spec["tolerations"] is not JsonArray tolerations)
            {
                spec["tolerations"] = tolerations = [];
            }

            tolerations.Add(toleration.DeepClone());
        }
    }

    private static StatusException Refusal(AdmissionRequest request, string why) => ApiErrors.Forbidden(request.GroupResource, request.Name, "pod rejected: " + why);
}
