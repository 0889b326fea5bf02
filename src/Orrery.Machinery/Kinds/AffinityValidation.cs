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

        if (affinity.Child("nodeAffinity")?.Child("requiredDuringSchedulingIgnoredDuringExecution") is { } required && required.Count("nodeSelectorTerms") == 0)
        {
            faults.Required(path + ".nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms", "must have at least one node selector term");
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
                if (weighted.Number("weight") is not (>= 1 and <= 100))
                {
                    faults.Invalid(at + ".weight", weighted["weight"], "must be in the range 1-100");
                }

                ValidateTerm(weighted.ObjectAt("podAffinityTerm"), at + ".podAffinityTerm", faults);
            }
        }
    }

    public static void ValidateSpread(JsonObject spec, string path, Faults faults)
    {
        int i = 0;
        foreach (JsonObject constraint in spec.Items("topologySpreadConstraints"))
        {
            string at = $"{path}[{i++}]";
            if ((constraint.Number("maxSkew") ?? 0) <= 0)
            {
                faults.Invalid(at + ".maxSkew", constraint.Number("maxSkew") ?? 0, "must be greater than zero");
            }

            if (constraint.Text("topologyKey").Length == 0)
            {
                faults.Required(at + ".topologyKey", "can not be empty");
            }

            faults.OneOf(at + ".whenUnsatisfiable", constraint.Text("whenUnsatisfiable"), "DoNotSchedule", "ScheduleAnyway");
            Selectors.Validate(constraint.Child("labelSelector"), at + ".labelSelector", faults);
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
            else if (op != "Exists")
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
                    faults.All(at + ".operator", toleration.Text("value"), Names.CheckLabelValue(toleration.Text("value")));
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
        if (term.Text("topologyKey") is { Length: > 0 } key)
        {
            faults.All(path + ".topologyKey", key, Names.CheckQualifiedName(key));
        }
        else
        {
            faults.Required(path + ".topologyKey", "can not be empty");
        }
    }
}
