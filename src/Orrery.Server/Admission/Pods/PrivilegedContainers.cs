using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Admission.Pods;

/// <summary>Where privileged containers are not allowed, no pod and no template of pods has one. Upstream asks this in its validation of pods (<c>--allow-privileged</c>).</summary>
internal sealed class PrivilegedContainers(bool isAllowed) : IValidatingPlugin
{
    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (isAllowed || request.Object is not { } json || request.Subresource.Length > 0 || request.Resource.IsCustom)
        {
            return ValueTask.CompletedTask;
        }

        (string path, JsonNode? spec) = request.Resource.Kind.Kind switch
        {
            "Pod" => ("spec", json["spec"]),
            "PodTemplate" => ("template.spec", json.NodeAt("template", "spec")),
            "CronJob" => ("spec.jobTemplate.spec.template.spec", json.NodeAt("spec", "jobTemplate", "spec", "template", "spec")),
            _ => ("spec.template.spec", json.NodeAt("spec", "template", "spec")),
        };
        var errors = new List<FieldError>();
        foreach (string list in (string[])["initContainers", "containers", "ephemeralContainers"])
        {
            JsonArray containers = (spec as JsonObject)?[list] as JsonArray ?? [];
            for (int i = 0; i < containers.Count; i++)
            {
                if (containers[i] is JsonObject container && container["securityContext"] is JsonObject security && security.FlagAt("privileged") == true)
                {
                    errors.Add(FieldError.Forbidden($"{path}.{list}[{i}].securityContext.privileged", "disallowed by cluster policy"));
                }
            }
        }

        return errors.Count == 0 ? ValueTask.CompletedTask : throw ApiErrors.Invalid(request.Resource.Kind.GroupKind, request.Name, errors);
    }
}
