using System.Text.Json.Nodes;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for containers that are added to a running pod to look at it: nothing may rely on them.</summary>
internal static class EphemeralContainerValidation
{
    private const string Forbidden = "cannot be set for an Ephemeral Container";

    private static readonly string[] NotAllowed = ["ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"];

    public static void Validate(JsonObject container, JsonObject spec, string path, Faults faults)
    {
        ContainerValidation.ValidateImageOfPod(container, path, faults);
        if (container.Text("targetContainerName") is { Length: > 0 } target && !spec.Items("containers").Concat(spec.Items("initContainers")).Any(c => c.Text("name") == target))
        {
            faults.NotFound(path + ".targetContainerName", target);
        }

        foreach (string member in NotAllowed)
        {
            if (container[member] is not (null or JsonArray { Count: 0 } or JsonObject { Count: 0 }))
            {
                faults.Forbidden($"{path}.{member}", Forbidden);
            }
        }

        int i = 0;
        foreach (JsonObject mount in container.Items("volumeMounts"))
        {
            foreach (string part in new[] { "subPath", "subPathExpr" })
            {
                if (mount.Text(part).Length > 0)
                {
                    faults.Forbidden($"{path}.volumeMounts[{i}].{part}", Forbidden);
                }
            }

            i++;
        }
    }
}
