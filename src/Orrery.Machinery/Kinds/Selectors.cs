using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for label selectors inside objects (apimachinery <c>pkg/apis/meta/v1/validation</c>).</summary>
internal static class Selectors
{
    /// <summary>The selector of a workload: there, not empty, and matching the labels of its own pods.</summary>
    /// <returns>False: it cannot be told what the selector selects; upstream then does not look at the template of any kind but a DaemonSet.</returns>
    public static bool ValidateWorkload(JsonObject spec, string kind, Faults faults)
    {
        const string Path = "spec.selector";
        if (spec.Child("selector") is not { } selector)
        {
            faults.Required(Path);
            selector = null!;
        }
        else
        {
            Validate(selector, Path, faults);
            if (selector.Count("matchLabels") + selector.Count("matchExpressions") == 0)
            {
                faults.Invalid(Path, selector, $"empty selector is invalid for {kind.ToLowerInvariant()}");
            }
        }

        if (TryParse(selector) is not { } parsed)
        {
            if (kind != "DaemonSet")
            {
                faults.Invalid(Path, selector, "invalid label selector");
            }

            return false;
        }

        if (!parsed.IsEverything && !parsed.Matches(spec.ObjectAt("template").ObjectAt("metadata").TextMap("labels")))
        {
            faults.Invalid("spec.template.metadata.labels", spec.ObjectAt("template").ObjectAt("metadata")["labels"], "`selector` does not match template `labels`");
        }

        return true;
    }

    /// <summary>Null for one that makes no sense.</summary>
    public static LabelSelector? TryParse(JsonObject? selector)
    {
        try
        {
            return LabelSelector.FromJson(selector);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    public static void Validate(JsonObject? selector, string path, Faults faults)
    {
        if (selector is null)
        {
            return;
        }

        ObjectMetaRules.ValidateLabels(selector, "matchLabels", path + ".matchLabels", faults);
        int i = 0;
        foreach (JsonObject expression in selector.Items("matchExpressions"))
        {
            string at = $"{path}.matchExpressions[{i++}]";
            switch (expression.Text("operator"))
            {
                case "In" or "NotIn" when expression.Count("values") == 0:
                    faults.Required(at + ".values", "must be specified when `operator` is 'In' or 'NotIn'");
                    break;
                case "Exists" or "DoesNotExist" when expression.Count("values") > 0:
                    faults.Forbidden(at + ".values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                    break;
                case "In" or "NotIn" or "Exists" or "DoesNotExist":
                    break;
                default:
                    faults.Invalid(at + ".operator", expression["operator"], "not a valid selector operator");
                    break;
            }

            faults.All(at + ".key", expression.Text("key"), Names.CheckQualifiedName(expression.Text("key")));
            int v = 0;
            foreach (string value in expression.Texts("values"))
            {
                faults.All($"{at}.values[{v++}]", value, Names.CheckLabelValue(value));
            }
        }
    }
}
