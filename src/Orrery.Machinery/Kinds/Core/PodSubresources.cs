using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>The parts of a running pod that are changed through doors of their own: containers to look at it with, and what its containers may use.</summary>
internal static class PodSubresources
{
    private static readonly string[] Lists = ["containers", "initContainers"];

    /// <summary>Puts back what this door does not lead to.</summary>
    public static void Keep(string subresource, JsonObject o, JsonObject old)
    {
        JsonObject wanted = o.ObjectAt("spec"), spec = (JsonObject)old.ObjectAt("spec").DeepClone();
        if (subresource == "ephemeralcontainers")
        {
            spec.CopyFrom(wanted, "ephemeralContainers");
        }
        else
        {
            foreach (string list in Lists)
            {
                foreach (JsonObject container in spec.Items(list))
                {
                    if (wanted.Items(list).FirstOrDefault(c => c.Text("name") == container.Text("name")) is { } now)
                    {
                        container.CopyFrom(now, "resources");
                        container.CopyFrom(now, "resizePolicy");
                    }
                }
            }
        }

        o["spec"] = spec;
        o.CopyFrom(old, "status");
    }

    public static void Validate(string subresource, JsonObject o, JsonObject old, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec"), before = old.ObjectAt("spec");
        if (old.Metadata.TextMap("annotations").ContainsKey(PodAnnotations.Mirror))
        {
            faults.Forbidden("", subresource == "resize" ? "static pods cannot be resized" : "static pods do not support ephemeral containers");
        }
        else if (subresource == "ephemeralcontainers")
        {
            ValidateEphemeral(spec, before, faults);
        }
        else
        {
            ValidateResize(spec, before, faults);
        }
    }

    private static void ValidateEphemeral(JsonObject spec, JsonObject old, Faults faults)
    {
        foreach (JsonObject was in old.Items("ephemeralContainers"))
        {
            JsonObject? now = spec.Items("ephemeralContainers").FirstOrDefault(c => c.Text("name") == was.Text("name"));
            if (now is null)
            {
                faults.Forbidden("spec.ephemeralContainers", $"existing ephemeral containers \"{was.Text("name")}\" may not be removed\n");
            }
            else if (!JsonFields.Same(now, was))
            {
                faults.Forbidden("spec.ephemeralContainers", $"existing ephemeral containers \"{was.Text("name")}\" may not be changed");
            }
        }
    }

    private static void ValidateResize(JsonObject spec, JsonObject old, Faults faults)
    {
        if (old.Child("os")?.Text("name") == "windows")
        {
            faults.Forbidden("", "windows pods cannot be resized");
            return;
        }

        string quality = QualityOfService.Of(spec);
        if (quality != QualityOfService.Of(old))
        {
            faults.Invalid("spec", QualityOfService.Of(old), "Pod QOS Class may not change as a result of resizing");
        }

        foreach (string list in Lists)
        {
            int i = 0;
            foreach ((JsonObject now, JsonObject was) in spec.Items(list).Zip(old.Items(list)))
            {
                bool stays = list == "containers" || now.Text("restartPolicy") == "Always";
                if (!stays)
                {
                    if (!JsonFields.Same(now, was))
                    {
                        faults.Forbidden("spec", "resources for non-sidecar init containers are immutable");
                    }
                }
                else
                {
                    ValidateContainer(now, was, list, $"spec.{list}[{i}].resources", faults);
                }

                i++;
            }
        }
    }

    private static void ValidateContainer(JsonObject now, JsonObject was, string list, string path, Faults faults)
    {
        JsonObject? resources = now.Child("resources"), before = was.Child("resources");
        foreach (string kind in new[] { "requests", "limits" })
        {
            if (before?.Child(kind)?.Any(m => resources?.Child(kind)?.Has(m.Key) != true) == true)
            {
                faults.Forbidden($"{path}.{kind}", $"resource {kind} cannot be removed");
            }

            foreach (string name in Keys(resources, kind).Union(Keys(before, kind)).Where(n => n is not ("cpu" or "memory")))
            {
                if (!JsonFields.Same(resources?.Child(kind)?[name], before?.Child(kind)?[name]))
                {
                    faults.Forbidden("spec", list == "containers" ? "only cpu and memory resources are mutable" : "only cpu and memory resources for sidecar containers are mutable");
                }
            }
        }
    }

    private static IEnumerable<string> Keys(JsonObject? resources, string kind) => resources?.Child(kind)?.Select(m => m.Key) ?? [];
}
