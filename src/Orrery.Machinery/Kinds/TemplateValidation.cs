using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for the pod template of a workload.</summary>
internal static class TemplateValidation
{
    /// <param name="restartPolicies">What this kind of workload allows.</param>
    public static void Validate(JsonObject owner, string path, IReadOnlyList<string> restartPolicies, Faults faults)
    {
        JsonObject template = owner.ObjectAt("template");
        ValidateMetadata(template, path, faults);
        JsonObject spec = template.ObjectAt("spec");
        PodAnnotations.Validate(template.ObjectAt("metadata"), spec, path, faults);
        PodSpecValidation.Validate(spec, null, path + ".spec", faults);
        if (spec.Count("ephemeralContainers") > 0)
        {
            faults.Forbidden(path + ".spec.ephemeralContainers", "ephemeral containers not allowed in pod template");
        }

        string restart = spec.Text("restartPolicy");
        if (!restartPolicies.Contains(restart) && restartPolicies is ["Always"])
        {
            faults.NotSupported(path + ".spec.restartPolicy", restart, restartPolicies);
        }

        if (spec.Has("activeDeadlineSeconds") && restartPolicies is ["Always"])
        {
            faults.Forbidden(path + ".spec.activeDeadlineSeconds", "activeDeadlineSeconds in ReplicaSet is not Supported");
        }
    }

    /// <summary>For a StatefulSet, whose claims add volumes later: upstream looks at the metadata and little else.</summary>
    public static void ValidateLoosely(JsonObject owner, Faults faults)
    {
        const string Path = "spec.template";
        JsonObject template = owner.ObjectAt("template");
        ValidateMetadata(template, Path, faults);
        if (template.ObjectAt("spec").Text("restartPolicy") is not "Always" and var restart)
        {
            faults.NotSupported(Path + ".spec.restartPolicy", restart, "Always");
        }

        if (template.ObjectAt("spec").Has("activeDeadlineSeconds"))
        {
            faults.Forbidden(Path + ".spec.activeDeadlineSeconds", "activeDeadlineSeconds in StatefulSet is not Supported");
        }
    }

    private static void ValidateMetadata(JsonObject template, string path, Faults faults)
    {
        JsonObject metadata = template.ObjectAt("metadata");
        ObjectMetaRules.ValidateLabels(metadata, "labels", path + ".labels", faults);
        ObjectMetaRules.ValidateAnnotations(metadata, path + ".annotations", faults);
    }
}
