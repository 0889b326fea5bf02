using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>The parts of a running pod that are changed through doors of their own: containers to look at it with, and what its containers may use.</summary>
internal static class PodSubresources
{
    private static readonly string[] Lists = ["containers", "initContainers"];

    /// <summary>Puts back what this door does not lead to, metadata among it. A resize that adds, takes away or renames containers is left as it came, to be refused.</summary>
    public static void Keep(string subresource, JsonObject o, JsonObject old)
    {
        JsonObject wanted = o.ObjectAt("spec"), spec = (JsonObject)old.ObjectAt("spec").DeepClone();
        if (subresource == "ephemeralcontainers")
        {
            spec.CopyFrom(wanted, "ephemeralContainers");
        }
        else if (Array.Exists(Lists, list => wanted.Count(list) != spec.Count(list)))
        {
            return;
        }
        else
        {
            Array.ForEach(Lists, list => KeepContainers(wanted, spec, list));
            spec.CopyFrom(wanted, "resources");
        }

        o["spec"] = spec;
        o.CopyFrom(old, "status");
        foreach (string member in (ReadOnlySpan<string>)["labels", "annotations", "finalizers", "ownerReferences"])
        {
            o.Metadata.CopyFrom(old.Metadata, member);
        }
    }

    /// <param name="spec">Gets of its containers what is wanted; all of the list where names differ.</param>
    private static void KeepContainers(JsonObject wanted, JsonObject spec, string list)
    {
        if (wanted.Items(list).Zip(spec.Items(list)).Any(pair => pair.First.Text("name") != pair.Second.Text("name")))
        {
            spec.CopyFrom(wanted, list);
            return;
        }

        foreach ((JsonObject now, JsonObject container) in wanted.Items(list).Zip(spec.Items(list)))
        {
            container.CopyFrom(now, "resources");
            container.CopyFrom(now, "resizePolicy");
        }
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
            PodResizing.Validate(spec, before, faults);
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
}
