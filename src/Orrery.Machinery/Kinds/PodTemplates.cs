using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Defaults of a pod's spec, wherever it stands (<c>pkg/apis/core/v1/defaults.go</c>).</summary>
internal static class PodTemplates
{
    /// <summary>Completes <c>template</c> of a workload's spec.</summary>
    public static void Default(JsonObject spec)
    {
        JsonObject template = spec.ObjectAt("template");
        template.ObjectAt("metadata");
        DefaultSpec(template.ObjectAt("spec"));
    }

    public static void DefaultSpec(JsonObject spec)
    {
        foreach (JsonObject volume in spec.Items("volumes"))
        {
            Volumes.Default(volume);
        }

        foreach (string list in new[] { "initContainers", "containers", "ephemeralContainers" })
        {
            foreach (JsonObject container in spec.Items(list))
            {
                Containers.Default(container);
            }
        }

        spec.FillText("restartPolicy", "Always");
        spec.Fill("terminationGracePeriodSeconds", 30);
        spec.FillText("dnsPolicy", "ClusterFirst");
        spec.Fill("securityContext", new JsonObject());
        spec.FillText("schedulerName", "default-scheduler");

        // serviceAccount is the old name of serviceAccountName; answers carry both.
        if (spec.Text("serviceAccountName").Length == 0 && spec.Text("serviceAccount").Length > 0)
        {
            spec["serviceAccountName"] = spec.Text("serviceAccount");
        }

        if (spec.Text("serviceAccountName").Length > 0)
        {
            spec["serviceAccount"] = spec.Text("serviceAccountName");
        }
    }
}
