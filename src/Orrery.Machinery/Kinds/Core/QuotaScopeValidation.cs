using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>Rules for the scopes of a ResourceQuota (<c>pkg/apis/core/validation/validation.go</c>, validateResourceQuotaScopes and validateScopeSelector).</summary>
internal static class QuotaScopeValidation
{
    private static readonly string[] Known = ["Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity", "VolumeAttributesClass"];

    private static readonly (string One, string Other)[] Exclusive = [("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")];

    private static readonly HashSet<string> OfPods = new(StringComparer.Ordinal)
    {
        "pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory",
    };

    private static readonly HashSet<string> OfClaims = new(StringComparer.Ordinal) { "persistentvolumeclaims", "requests.storage" };

    private static readonly HashSet<string> Standard = new(StringComparer.Ordinal)
    {
        "pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory", "ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage",
        "requests.storage", "resourcequotas", "services", "services.nodeports", "services.loadbalancers", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
    };

    public static void Validate(JsonObject spec, Faults faults)
    {
        string[] hard = [.. (spec.Child("hard") ?? []).Select(h => h.Key)];
        ValidateList(spec, hard, faults);
        if (spec.Child("scopeSelector") is { } selector)
        {
            ValidateSelector(selector, hard, faults);
        }
    }

    private static void ValidateList(JsonObject spec, string[] hard, Faults faults)
    {
        const string Path = "spec.scopes";
        string[] scopes = [.. spec.Texts("scopes")];
        foreach (string scope in scopes)
        {
            if (!Known.Contains(scope))
            {
                faults.Invalid(Path, spec["scopes"], "unsupported scope");
            }

            for (int misplaced = hard.Count(name => !Covers(scope, name)); misplaced > 0; misplaced--)
            {
                faults.Invalid(Path, spec["scopes"], "unsupported scope applied to resource");
            }
        }

        if (Exclusive.Any(pair => scopes.Contains(pair.One) && scopes.Contains(pair.Other)))
        {
            faults.Invalid(Path, spec["scopes"], "conflicting scopes");
        }
    }

    private static void ValidateSelector(JsonObject selector, string[] hard, Faults faults)
    {
        const string Path = "spec.scopeSelector.matchExpressions";
        foreach (JsonObject term in selector.Items("matchExpressions"))
        {
            string scope = term.Text("scopeName");
            if (!Known.Contains(scope))
            {
                faults.Invalid(Path + ".scopeName", scope, "unsupported scope");
            }

            for (int misplaced = hard.Count(name => !Covers(scope, name)); misplaced > 0; misplaced--)
            {
                faults.Invalid(Path, selector["matchExpressions"], "unsupported scope applied to resource");
            }

            ValidateOperator(term, scope, Path, faults);
        }

        string[] scopes = [.. selector.Items("matchExpressions").Select(t => t.Text("scopeName"))];
        if (Exclusive.Any(pair => scopes.Contains(pair.One) && scopes.Contains(pair.Other)))
        {
            faults.Invalid(Path, selector["matchExpressions"], "conflicting scopes");
        }
    }

    private static void ValidateOperator(JsonObject term, string scope, string path, Faults faults)
    {
        string op = term.Text("operator");
        if (scope is "BestEffort" or "NotBestEffort" or "Terminating" or "NotTerminating" or "CrossNamespacePodAffinity" && op != "Exists")
        {
            faults.Invalid(
                path + ".operator", op,
                "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity");
        }

        switch (op)
        {
            case "In" or "NotIn" when term.Count("values") == 0:
                faults.Required(path + ".values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
                break;
            case "Exists" or "DoesNotExist" when term.Count("values") > 0:
                faults.Invalid(path + ".values", term["values"], "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
                break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist":
                break;
            default:
                faults.Invalid(path + ".operator", op, "not a valid selector operator");
                break;
        }
    }

    /// <summary>Whether objects in a scope use a limit at all; limits of unknown names may be about anything.</summary>
    private static bool Covers(string scope, string limit) => !Standard.Contains(limit) || scope switch
    {
        "BestEffort" => limit == "pods",
        "VolumeAttributesClass" => OfClaims.Contains(limit),
        _ => OfPods.Contains(limit),
    };
}
