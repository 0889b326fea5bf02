using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>What may change of a pod's spec (<c>pkg/apis/core/validation/validation.go</c>, ValidatePodUpdate).</summary>
internal static class PodUpdates
{
    private const string MayChange = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    public static void Validate(JsonObject spec, JsonObject old, Faults faults)
    {
        foreach (string list in new[] { "containers", "initContainers" })
        {
            if (spec.Count(list) != old.Count(list))
            {
                faults.Forbidden("spec." + list, "pod updates may not add or remove containers");
                return;
            }
        }

        if (!ValidateDeadline(spec, old, faults))
        {
            return;
        }

        ValidateTolerations(spec, old, faults);
        ValidateGates(spec, old, faults);
        if (!JsonFields.Same(Immutable(spec, old, faults), old))
        {
            faults.Forbidden("spec", MayChange);
        }
    }

    /// <summary>It may come, and become shorter.</summary>
    /// <returns>False: nothing else is looked at.</returns>
    private static bool ValidateDeadline(JsonObject spec, JsonObject old, Faults faults)
    {
        const string At = "spec.activeDeadlineSeconds";
        long? now = spec.Number("activeDeadlineSeconds"), before = old.Number("activeDeadlineSeconds");
        if (now is < 0 or > int.MaxValue)
        {
            faults.Invalid(At, now, "must be between 0 and 2147483647, inclusive");
            return false;
        }

        if (now is not null && before < now)
        {
            faults.Invalid(At, now, "must be less than or equal to previous value");
            return false;
        }

        if (now is null && before is not null)
        {
            faults.Invalid(At, null, "must not update from a positive integer to nil value");
        }

        return true;
    }

    private static void ValidateTolerations(JsonObject spec, JsonObject old, Faults faults)
    {
        if (!old.Items("tolerations").All(was => spec.Items("tolerations").Any(t => SameButTime(was, t))))
        {
            faults.Forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
        }
    }

    private static bool SameButTime(JsonObject left, JsonObject right) => new[] { "key", "operator", "value", "effect" }.All(m => left.Text(m) == right.Text(m));

    private static void ValidateGates(JsonObject spec, JsonObject old, Faults faults)
    {
        HashSet<string> before = [.. old.Items("schedulingGates").Select(g => g.Text("name"))];
        int i = 0;
        foreach (string name in spec.Items("schedulingGates").Select(g => g.Text("name")))
        {
            if (!before.Contains(name))
            {
                faults.Forbidden($"spec.schedulingGates[{i}].name", $"only deletion is allowed, but found new scheduling gate '{name}'");
            }

            i++;
        }
    }

    /// <summary>The spec with everything that may change put back.</summary>
    private static JsonObject Immutable(JsonObject spec, JsonObject old, Faults faults)
    {
        var rest = (JsonObject)spec.DeepClone();
        foreach (string list in new[] { "containers", "initContainers" })
        {
            foreach ((JsonObject container, JsonObject was) in rest.Items(list).Zip(old.Items(list)))
            {
                container.CopyFrom(was, "image");
            }
        }

        foreach (string member in new[] { "activeDeadlineSeconds", "schedulingGates", "tolerations" })
        {
            rest.CopyFrom(old, member);
        }

        if (old.Number("terminationGracePeriodSeconds") < 0 && spec.Number("terminationGracePeriodSeconds") == 1)
        {
            rest.CopyFrom(old, "terminationGracePeriodSeconds");
        }

        // A pod that waits behind a gate may still be told where it may run, more narrowly than before.
        if (old.Count("schedulingGates") > 0)
        {
            GatedPods.Validate(spec, old, faults);
            rest.CopyFrom(old, "nodeSelector");
            GatedPods.PutBackNodeAffinity(rest, old);
        }

        return rest;
    }
}
