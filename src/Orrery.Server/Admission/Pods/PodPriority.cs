using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Pods;

/// <summary>
/// Gives a pod the number that its PriorityClass stands for, and sees to it that at most one class is the default.
/// Upstream: <c>plugin/pkg/admission/priority</c>.
/// </summary>
internal sealed class PodPriority(ObjectStore objects) : IMutatingPlugin, IValidatingPlugin
{
    private static readonly ResourceDefinition Classes = BuiltinResources.Instance.Require("scheduling.k8s.io", "v1", "priorityclasses");
    private static readonly GroupResource Pods = new("", "pods");

    public string Name => "Priority";

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Operation: AdmissionOperation.Create or AdmissionOperation.Update, Subresource: "" } && request.GroupResource == Pods && request.Object?["spec"] is JsonObject spec)
        {
            if (request.Operation == AdmissionOperation.Update)
            {
                // Neither may change, so that whoever replaces a pod by its manifest need not name what a class gave it.
                Keep(request.Old?["spec"], spec, "priority");
                Keep(request.Old?["spec"], spec, "preemptionPolicy");
            }
            else if (request.IsControlPlane)
            {
                Mirror(request.Cluster, spec);
            }
            else
            {
                Prioritize(request, spec);
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.GroupResource == Classes.GroupResource)
        {
            if (request.Operation == AdmissionOperation.Delete && request.Old is { } going && SystemPriorityClasses.IsOne(going.Name))
            {
                throw ApiErrors.Forbidden(request.GroupResource, going.Name, "this is a system priority class and cannot be deleted");
            }

            if (request.Object?.Flag("globalDefault") == true && Default(request.Cluster) is { } known && known.Name != request.Name)
            {
                throw ApiErrors.Forbidden(request.GroupResource, request.Name, $"PriorityClass {known.Name} is already marked as default. Only one default can exist");
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>A mirrored pod has the class that it has in its data plane, as long as that is one here too: quotas go by it, and a copy of the pod can be made.</summary>
    private void Mirror(ClusterName cluster, JsonObject spec)
    {
        JsonObject? type = spec.Text("priorityClassName") is { Length: > 0 } name ? Find(cluster, name) : null;
        if (type is null)
        {
            spec.Remove("priorityClassName");
        }

        spec.Fill("priority", type?.Number("value") ?? 0);
        spec.Fill("preemptionPolicy", PreemptionOf(type));
    }

    private static void Keep(JsonNode? old, JsonObject spec, string member)
    {
        if (spec[member] is null && old?[member] is { } kept)
        {
            spec[member] = kept.DeepClone();
        }
    }

    private void Prioritize(AdmissionRequest request, JsonObject spec)
    {
        JsonObject? type;
        if (spec.Text("priorityClassName") is { Length: > 0 } name)
        {
            type = Find(request.Cluster, name) ?? throw ApiErrors.Forbidden(request.GroupResource, request.Name, $"no PriorityClass with name {name} was found");
        }
        else if ((type = Default(request.Cluster)) is not null)
        {
            spec["priorityClassName"] = type.Name;
        }

        long priority = type?.Number("value") ?? 0;
        if (spec.Number("priority") is { } said && said != priority)
        {
            throw ApiErrors.Forbidden(
                request.GroupResource, request.Name,
                $"the integer value of priority ({said}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name");
        }

        string policy = PreemptionOf(type);
        if (spec.Text("preemptionPolicy") is { Length: > 0 } wanted && wanted != policy)
        {
            throw ApiErrors.Forbidden(
                request.GroupResource, request.Name,
                $"the string value of PreemptionPolicy ({wanted}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name");
        }

        spec["priority"] = priority;
        spec["preemptionPolicy"] = policy;
    }

    private static string PreemptionOf(JsonObject? type) => type?.Text("preemptionPolicy") is { Length: > 0 } own ? own : "PreemptLowerPriority";

    private JsonObject? Find(ClusterName cluster, string name) => objects.Find(Classes, cluster, "", name) is { } found ? StoredJson.Parse(found.Json.Span) : null;

    /// <summary>The class of pods that name none: of several, as races may leave, the lowest.</summary>
    private JsonObject? Default(ClusterName cluster) => objects.Current(Classes).Range(Cache.StoreKey.Prefix(Classes.GroupResource, cluster))
        .Where(c => c.Json.Span.IndexOf("\"globalDefault\":true"u8) >= 0)
        .Select(c => StoredJson.Parse(c.Json.Span)).Where(c => c.Flag("globalDefault")).MinBy(c => c.Number("value") ?? 0);
}
