using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>What may be changed of the resources of a pod that runs (<c>pkg/apis/core/validation/validation.go</c>, ValidatePodResize).</summary>
internal static class PodResizing
{
    private static readonly string[] Kinds = ["requests", "limits"];

    public static void Validate(JsonObject spec, JsonObject old, Faults faults)
    {
        if (old.Child("os")?.Text("name") == "windows")
        {
            faults.Forbidden("", "windows pods cannot be resized");
            return;
        }

        if (QualityOfService.Of(spec) != QualityOfService.Of(old))
        {
            faults.Invalid("spec", QualityOfService.Of(old), "Pod QOS Class may not change as a result of resizing");
        }

        ValidatePod(spec, old, faults);

        // What follows looks at containers in pairs.
        bool paired = ValidateOrder(spec, old, "containers", faults);
        if (!(ValidateOrder(spec, old, "initContainers", faults) && paired))
        {
            return;
        }

        foreach (string list in new[] { "initContainers", "containers" })
        {
            int i = 0;
            foreach ((JsonObject now, JsonObject was) in spec.Items(list).Zip(old.Items(list)))
            {
                KeepsNames(now.Child("resources"), was.Child("resources"), $"spec.{list}[{i++}].resources", "resource", faults);
            }
        }

        ValidateContainers(spec, old, faults);
    }

    /// <summary>As a whole a pod may begin to ask for something, and ask for another amount.</summary>
    private static void ValidatePod(JsonObject spec, JsonObject old, Faults faults)
    {
        JsonObject? now = spec.Child("resources"), was = old.Child("resources");
        if (!AsksForAny(now) && !AsksForAny(was))
        {
            return;
        }

        if (now is null)
        {
            faults.Forbidden("spec.resources", "pod-level resources cannot be removed");
            return;
        }

        KeepsNames(now, was, "spec.resources", "pod-level resource", faults);
        if (!JsonFields.Same(But(now), But(was)))
        {
            faults.Forbidden("spec", "only cpu and memory resources are mutable at pod-level");
        }
    }

    private static bool AsksForAny(JsonObject? resources) => Array.Exists(Kinds, kind => resources?.Child(kind) is { Count: > 0 });

    private static bool ValidateOrder(JsonObject spec, JsonObject old, string list, Faults faults)
    {
        if (spec.Count(list) != old.Count(list))
        {
            faults.Forbidden("spec." + list, $"{list} may not be added or removed on resize");
            return false;
        }

        int i = 0;
        bool isSame = true;
        foreach ((JsonObject now, JsonObject was) in spec.Items(list).Zip(old.Items(list)))
        {
            if (now.Text("name") != was.Text("name"))
            {
                faults.Forbidden($"spec.{list}[{i}].name", $"{list} may not be renamed or reordered on resize");
                isSame = false;
            }

            i++;
        }

        return isSame;
    }

    private static void ValidateContainers(JsonObject spec, JsonObject old, Faults faults)
    {
        foreach ((JsonObject now, JsonObject was) in spec.Items("containers").Zip(old.Items("containers")))
        {
            if (!IsResizeAlone(now, was))
            {
                faults.Forbidden("spec", "only cpu and memory resources are mutable");
            }
        }

        int i = 0;
        foreach ((JsonObject now, JsonObject was) in spec.Items("initContainers").Zip(old.Items("initContainers")))
        {
            string at = $"spec.initContainers[{i++}]";
            if (!IsResizeAlone(now, was))
            {
                faults.Forbidden(at, "only cpu and memory resources for init or sidecar containers are mutable");
            }

            // One that runs once can take what it is given when it starts, and not be started again for it.
            if (now.Text("restartPolicy") != "Always" && !JsonFields.Same(now, was) && now.Items("resizePolicy").Any(p => p.Text("restartPolicy") == "RestartContainer"))
            {
                faults.Forbidden(at, "non-sidecar init containers with a resize policy of RestartContainer cannot be resized");
            }
        }
    }

    private static void KeepsNames(JsonObject? now, JsonObject? was, string path, string what, Faults faults)
    {
        foreach (string kind in Kinds)
        {
            if (was?.Child(kind)?.Any(m => now?.Child(kind)?.Has(m.Key) != true) == true)
            {
                faults.Forbidden($"{path}.{kind}", $"{what} {kind} cannot be removed");
            }
        }
    }

    private static bool IsResizeAlone(JsonObject now, JsonObject was)
    {
        JsonObject left = now.DeepClone().AsObject(), right = was.DeepClone().AsObject();
        left["resources"] = But(now.Child("resources"));
        right["resources"] = But(was.Child("resources"));
        return JsonFields.Same(left, right);
    }

    /// <summary>What of it is neither CPU nor memory.</summary>
    private static JsonObject But(JsonObject? resources)
    {
        JsonObject rest = resources?.DeepClone().AsObject() ?? [];
        foreach (JsonObject amounts in Kinds.Select(kind => rest.Child(kind)).OfType<JsonObject>())
        {
            amounts.Remove("cpu");
            amounts.Remove("memory");
        }

        return rest;
    }
}
