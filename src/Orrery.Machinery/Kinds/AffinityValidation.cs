using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for what a pod says about nodes: affinity, spread and tolerations.</summary>
internal static class AffinityValidation
{
    public static void Validate(JsonObject? affinity, string path, Faults faults)
    {
        if (affinity is null)
        {
            return;
        }

        if (affinity.Child("nodeAffinity") is { } node)
        {
            NodeSelectors.ValidateAffinity(node, path + ".nodeAffinity", faults);
        }

        foreach (string kind in new[] { "podAffinity", "podAntiAffinity" })
        {
            int i = 0;
            foreach (JsonObject term in affinity.Child(kind)?.Items("requiredDuringSchedulingIgnoredDuringExecution") ?? [])
            {
                ValidateTerm(term, $"{path}.{kind}.requiredDuringSchedulingIgnoredDuringExecution[{i++}]", faults);
            }

            i = 0;
            foreach (JsonObject weighted in affinity.Child(kind)?.Items("preferredDuringSchedulingIgnoredDuringExecution") ?? [])
            {
                string at = $"{path}.{kind}.preferredDuringSchedulingIgnoredDuringExecution[{i++}]";
                if ((weighted.Number("weight") ?? 0) is not (>= 1 and <= 100) and var weight)
                {
                    faults.Invalid(at + ".weight", weight, "must be in the range 1-100");
                }

                ValidateTerm(weighted.ObjectAt("podAffinityTerm"), at + ".podAffinityTerm", faults);
            }
        }
    }

    public static void ValidateTolerations(JsonObject spec, string path, Faults faults)
    {
        int i = 0;
        foreach (JsonObject toleration in spec.Items("tolerations"))
        {
            string at = $"{path}[{i++}]";
            string key = toleration.Text("key");
            string op = toleration.Text("operator");
            if (key.Length > 0)
            {
                faults.All(at + ".key", key, Names.CheckQualifiedName(key));
            }

            if (key.Length == 0 && op != "Exists")
            {
                faults.Invalid(at + ".operator", op, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
            }

            if (toleration.Has("tolerationSeconds") && toleration.Text("effect") != "NoExecute")
            {
                faults.Invalid(at + ".effect", toleration.Text("effect"), "effect must be 'NoExecute' when `tolerationSeconds` is set");
            }

            switch (op)
            {
                case "" or "Equal":
                    if (Names.CheckLabelValue(toleration.Text("value")) is { Count: > 0 } wrong)
                    {
                        faults.Invalid(at + ".operator", toleration.Text("value"), string.Join(";", wrong));
                    }

                    break;
                case "Exists" when toleration.Text("value").Length > 0:
                    faults.Invalid(at + ".operator", toleration["value"], "value must be empty when `operator` is 'Exists'");
                    break;
                case "Exists":
                    break;
                default:
                    faults.NotSupported(at + ".operator", op, "Equal", "Exists");
                    break;
            }

            if (toleration.Text("effect") is { Length: > 0 } effect)
            {
                faults.OneOf(at + ".effect", effect, "NoSchedule", "PreferNoSchedule", "NoExecute");
            }
        }
    }

    private static void ValidateTerm(JsonObject term, string path, Faults faults)
    {
        Selectors.Validate(term.Child("labelSelector"), path + ".labelSelector", faults);
        Selectors.Validate(term.Child("namespaceSelector"), path + ".namespaceSelector", faults);
        foreach (string ns in term.Texts("namespaces"))
        {
            faults.All(path + ".namespace", ns, Names.CheckDns1123Label(ns));
        }

        ValidateKeys(term, path, faults);
        if (term.Text("topologyKey").Length == 0)
        {
            faults.Required(path + ".topologyKey", "can not be empty");
        }

        faults.All(path + ".topologyKey", term.Text("topologyKey"), Names.CheckQualifiedName(term.Text("topologyKey")));
    }

    /// <summary>Labels whose values the pod itself gives.</summary>
    private static void ValidateKeys(JsonObject term, string path, Faults faults)
    {
        foreach (string member in new[] { "matchLabelKeys", "mismatchLabelKeys" })
        {
            if (term.Count(member) == 0)
            {
                continue;
            }

            if (!term.Has("labelSelector"))
            {
                faults.Forbidden($"{path}.{member}", "must not be specified when labelSelector is not set");
                continue;
            }

            int i = 0;
            foreach (string key in term.Texts(member))
            {
                faults.All($"{path}.{member}[{i++}]", key, Names.CheckQualifiedName(key));
            }
        }

        string[] matched = [.. term.Texts("matchLabelKeys")];
        if (term.Child("labelSelector") is { } selector)
        {
            var seen = new HashSet<string>(selector.TextMap("matchLabels").Keys, StringComparer.Ordinal);
            foreach (string key in selector.Items("matchExpressions").Select(e => e.Text("key")))
            {
                if (!seen.Add(key) && Array.IndexOf(matched, key) is >= 0 and var place)
                {
                    faults.Invalid($"{path}[{place}]", key, "exists in both matchLabelKeys and labelSelector");
                }
            }
        }

        string[] unmatched = [.. term.Texts("mismatchLabelKeys")];
        for (int i = 0; i < matched.Length; i++)
        {
            if (unmatched.Contains(matched[i]))
            {
                faults.Invalid($"{path}.matchLabelKeys[{i}]", matched[i], "exists in both matchLabelKeys and mismatchLabelKeys");
            }
        }
    }
}
