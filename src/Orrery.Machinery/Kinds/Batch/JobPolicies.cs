using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Batch;

/// <summary>Rules for what a job makes of failed and succeeded pods (<c>pkg/apis/batch/validation</c>).</summary>
internal static class JobPolicies
{
    private const int MostRules = 20, MostCodes = 255, MostConditions = 20;
    private static readonly string[] Actions = ["Count", "FailIndex", "FailJob", "Ignore"];

    public static void Validate(JsonObject spec, string path, Faults faults)
    {
        if (spec.Child("podFailurePolicy") is { } failure)
        {
            ValidateFailure(spec, failure, path + ".podFailurePolicy.rules", faults);
        }

        if (spec.Child("successPolicy") is { } success)
        {
            if (spec.Text("completionMode") != "Indexed")
            {
                faults.Invalid(path + ".successPolicy", success, "requires indexed completion mode");
            }
            else
            {
                ValidateSuccess(spec, success, path + ".successPolicy.rules", faults);
            }
        }

        if (spec.Has("podReplacementPolicy"))
        {
            string[] allowed = spec.Has("podFailurePolicy") ? ["Failed"] : ["Failed", "TerminatingOrFailed"];
            faults.OneOf(path + ".podReplacementPolicy", spec.Text("podReplacementPolicy"), allowed);
        }
    }

    private static void ValidateFailure(JsonObject spec, JsonObject policy, string path, Faults faults)
    {
        if (policy.Count("rules") > MostRules)
        {
            faults.Add(FieldError.TooMany(path, policy.Count("rules"), MostRules));
        }

        JsonObject template = spec.ObjectAt("template").ObjectAt("spec");
        HashSet<string> containers = [.. template.Items("containers").Concat(template.Items("initContainers")).Select(c => c.Text("name"))];
        int i = 0;
        foreach (JsonObject rule in policy.Items("rules"))
        {
            ValidateRule(spec, rule, $"{path}[{i++}]", containers, faults);
        }
    }

    private static void ValidateRule(JsonObject spec, JsonObject rule, string path, HashSet<string> containers, Faults faults)
    {
        string action = rule.Text("action");
        if (action.Length == 0)
        {
            faults.Required(path + ".action", "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
        }
        else if (action == "FailIndex" && !spec.Has("backoffLimitPerIndex"))
        {
            faults.Invalid(path + ".action", action, "requires the backoffLimitPerIndex to be set");
        }
        else
        {
            faults.OneOf(path + ".action", action, Actions);
        }

        bool byCode = rule.Has("onExitCodes"), byCondition = rule.Count("onPodConditions") > 0;
        if (rule.Child("onExitCodes") is { } codes)
        {
            ValidateCodes(codes, path + ".onExitCodes", containers, faults);
        }

        ValidateConditions(rule, path + ".onPodConditions", faults);
        if (byCode == byCondition)
        {
            faults.Add(FieldError.Invalid(path, null, byCode ? "specifying both OnExitCodes and OnPodConditions is not supported" : "specifying one of OnExitCodes and OnPodConditions is required") with { OmitsValue = true });
        }
    }

    private static void ValidateCodes(JsonObject codes, string path, HashSet<string> containers, Faults faults)
    {
        string op = codes.Text("operator");
        if (op.Length == 0)
        {
            faults.Required(path + ".operator", "valid values: [\"In\" \"NotIn\"]");
        }
        else
        {
            faults.OneOf(path + ".operator", op, "In", "NotIn");
        }

        if (codes.Has("containerName") && !containers.Contains(codes.Text("containerName")))
        {
            faults.Invalid(path + ".containerName", codes.Text("containerName"), "must be one of the container or initContainer names in the pod template");
        }

        string at = path + ".values";
        long[] values = [.. (codes.List("values") ?? []).Select(v => v is JsonValue number && number.TryGetValue(out long n) ? n : 0)];
        if (values.Length == 0)
        {
            faults.Invalid(at, new JsonArray(), "at least one value is required");
        }
        else if (values.Length > MostCodes)
        {
            faults.Add(FieldError.TooMany(at, values.Length, MostCodes));
        }

        for (int i = 0; i < values.Length; i++)
        {
            if (op == "In" && values[i] == 0)
            {
                faults.Invalid($"{at}[{i}]", 0, "must not be 0 for the In operator");
            }

            if (Array.IndexOf(values, values[i]) < i)
            {
                faults.Duplicate($"{at}[{i}]", values[i]);
            }
        }

        if (!values.SequenceEqual(values.Order()))
        {
            faults.Invalid(at, codes["values"], "must be ordered");
        }
    }

    private static void ValidateConditions(JsonObject rule, string path, Faults faults)
    {
        if (rule.Count("onPodConditions") > MostConditions)
        {
            faults.Add(FieldError.TooMany(path, rule.Count("onPodConditions"), MostConditions));
        }

        int i = 0;
        foreach (JsonObject condition in rule.Items("onPodConditions"))
        {
            string at = $"{path}[{i++}]", status = condition.Text("status");
            faults.All(at + ".type", condition.Text("type"), Names.CheckQualifiedName(condition.Text("type")));
            if (status.Length == 0)
            {
                faults.Required(at + ".status", "valid values: [\"False\" \"True\" \"Unknown\"]");
            }
            else
            {
                faults.OneOf(at + ".status", status, "False", "True", "Unknown");
            }
        }
    }

    private static void ValidateSuccess(JsonObject spec, JsonObject policy, string path, Faults faults)
    {
        int count = policy.Count("rules");
        if (count == 0)
        {
            faults.Required(path, "at least one rules must be specified when the successPolicy is specified");
        }

        if (count > MostRules)
        {
            faults.Add(FieldError.TooMany(path, count, MostRules));
        }

        int i = 0;
        foreach (JsonObject rule in policy.Items("rules"))
        {
            ValidateSuccessRule(spec, rule, $"{path}[{i++}]", faults);
        }
    }

    private static void ValidateSuccessRule(JsonObject spec, JsonObject rule, string path, Faults faults)
    {
        if (!rule.Has("succeededCount") && !rule.Has("succeededIndexes"))
        {
            faults.Required(path, "at least one of succeededCount or succeededIndexes must be specified");
            return;
        }

        long completions = spec.Number("completions") ?? 0;
        long? listed = null;
        if (rule.Has("succeededIndexes"))
        {
            string indexes = rule.Text("succeededIndexes");
            (listed, string? fault) = CountIndexes(indexes, completions);
            if (fault is not null)
            {
                faults.Invalid(path + ".succeededIndexes", indexes, "error parsing succeededIndexes: " + fault);
            }
        }

        if (rule.Number("succeededCount") is not { } count)
        {
            return;
        }

        faults.MayNotBeNegative(path + ".succeededCount", count);
        if (count > completions)
        {
            faults.Invalid(path + ".succeededCount", count, $"must be less than or equal to {completions} (the number of specified completions)");
        }

        if (listed is { } most && count > most)
        {
            faults.Invalid(path + ".succeededCount", count, $"must be less than or equal to {most} (the number of indexes in the specified succeededIndexes field)");
        }
    }

    /// <summary><c>1,3-5</c>: how many that are, or what is wrong with them.</summary>
    private static (long? Count, string? Fault) CountIndexes(string text, long completions)
    {
        long count = 0, last = -1;
        foreach (string interval in text.Length == 0 ? [] : text.Split(','))
        {
            string[] ends = interval.Split('-');
            if (ends.Length > 2)
            {
                return (null, $"the fragment \"{interval}\" violates the requirement that an index interval can have at most two parts separated by '-'");
            }

            if (!long.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out long first) || !long.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out long end))
            {
                return (null, $"cannot convert string to integer for index: \"{ends[0]}\"");
            }

            if (first <= last)
            {
                return (null, $"non-increasing order, previous: {last}, current: {first}");
            }

            if (end >= completions)
            {
                return (null, $"too large index: \"{ends[^1]}\"");
            }

            if (ends.Length == 2 && first >= end)
            {
                return (null, $"non-increasing order, previous: {first}, current: {end}");
            }

            count += end - first + 1;
            last = end;
        }

        return (count, null);
    }
}
