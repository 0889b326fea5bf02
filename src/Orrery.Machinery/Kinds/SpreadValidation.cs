using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for how pods spread over their nodes.</summary>
internal static class SpreadValidation
{
    public static void Validate(JsonObject spec, string path, Faults faults)
    {
        JsonObject[] all = [.. spec.Items("topologySpreadConstraints")];
        for (int i = 0; i < all.Length; i++)
        {
            JsonObject constraint = all[i];
            string at = $"{path}[{i}]", key = constraint.Text("topologyKey"), action = constraint.Text("whenUnsatisfiable");
            if ((constraint.Number("maxSkew") ?? 0) <= 0)
            {
                faults.Invalid(at + ".maxSkew", constraint.Number("maxSkew") ?? 0, "must be greater than zero");
            }

            if (key.Length == 0)
            {
                faults.Required(at + ".topologyKey", "can not be empty");
            }

            faults.OneOf(at + ".whenUnsatisfiable", action, "DoNotSchedule", "ScheduleAnyway");
            if (all[(i + 1)..].Any(other => other.Text("topologyKey") == key && other.Text("whenUnsatisfiable") == action))
            {
                faults.Duplicate(at + ".{topologyKey, whenUnsatisfiable}", $"{{{key}, {action}}}");
            }

            ValidateDomains(constraint, action, at + ".minDomains", faults);
            foreach (string policy in new[] { "nodeAffinityPolicy", "nodeTaintsPolicy" })
            {
                if (constraint.Has(policy))
                {
                    faults.OneOf($"{at}.{policy}", constraint.Text(policy), "Honor", "Ignore");
                }
            }

            ValidateKeys(constraint, at + ".matchLabelKeys", faults);
            Selectors.Validate(constraint.Child("labelSelector"), at + ".labelSelector", faults);
        }
    }

    private static void ValidateDomains(JsonObject constraint, string action, string path, Faults faults)
    {
        if (constraint.Number("minDomains") is not { } least)
        {
            return;
        }

        if (least <= 0)
        {
            faults.Invalid(path, least, "must be greater than zero");
        }

        if (action != "DoNotSchedule")
        {
            faults.Invalid(path, least, $"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
        }
    }

    private static void ValidateKeys(JsonObject constraint, string path, Faults faults)
    {
        if (constraint.Count("matchLabelKeys") == 0)
        {
            return;
        }

        JsonObject? selector = constraint.Child("labelSelector");
        if (selector is null)
        {
            faults.Forbidden(path, "must not be specified when labelSelector is not set");
        }

        string[] selected = selector is null ? [] : [.. selector.TextMap("matchLabels").Keys, .. selector.Items("matchExpressions").Select(e => e.Text("key"))];
        int i = 0;
        foreach (string key in constraint.Texts("matchLabelKeys"))
        {
            faults.All($"{path}[{i}]", key, Names.CheckQualifiedName(key));
            if (selected.Contains(key))
            {
                faults.Invalid($"{path}[{i}]", key, "exists in both matchLabelKeys and labelSelector");
            }

            i++;
        }
    }
}
