using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for selectors of nodes, in pods and in volumes.</summary>
internal static class NodeSelectors
{
    public static void ValidateAffinity(JsonObject affinity, string path, Faults faults)
    {
        if (affinity.Child("requiredDuringSchedulingIgnoredDuringExecution") is { } required)
        {
            Validate(required, path + ".requiredDuringSchedulingIgnoredDuringExecution", faults);
        }

        int i = 0;
        foreach (JsonObject preferred in affinity.Items("preferredDuringSchedulingIgnoredDuringExecution"))
        {
            string at = $"{path}.preferredDuringSchedulingIgnoredDuringExecution[{i++}]";
            if ((preferred.Number("weight") ?? 0) is not (>= 1 and <= 100) and var weight)
            {
                faults.Invalid(at + ".weight", weight, "must be in the range 1-100");
            }

            // A preference may name values that no label can have: it is only never met.
            ValidateTerm(preferred.ObjectAt("preference"), at + ".preference", anyValue: true, faults);
        }
    }

    public static void Validate(JsonObject selector, string path, Faults faults)
    {
        string terms = path + ".nodeSelectorTerms";
        if (selector.Count("nodeSelectorTerms") == 0)
        {
            faults.Required(terms, "must have at least one node selector term");
        }

        int i = 0;
        foreach (JsonObject term in selector.Items("nodeSelectorTerms"))
        {
            ValidateTerm(term, $"{terms}[{i++}]", anyValue: false, faults);
        }
    }

    private static void ValidateTerm(JsonObject term, string path, bool anyValue, Faults faults)
    {
        int i = 0;
        foreach (JsonObject expression in term.Items("matchExpressions"))
        {
            ValidateLabel(expression, $"{path}.matchExpressions[{i++}]", anyValue, faults);
        }

        i = 0;
        foreach (JsonObject field in term.Items("matchFields"))
        {
            ValidateField(field, $"{path}.matchFields[{i++}]", faults);
        }
    }

    private static void ValidateLabel(JsonObject expression, string path, bool anyValue, Faults faults)
    {
        int values = expression.Count("values");
        switch (expression.Text("operator"))
        {
            case "In" or "NotIn" when values == 0:
                faults.Required(path + ".values", "must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist" when values > 0:
                faults.Forbidden(path + ".values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            case "Gt" or "Lt" when values != 1:
                faults.Required(path + ".values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
                break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist" or "Gt" or "Lt":
                break;
            case var unknown:
                faults.Invalid(path + ".operator", unknown, "not a valid selector operator");
                break;
        }

        faults.All(path + ".key", expression.Text("key"), Names.CheckQualifiedName(expression.Text("key")));
        int i = 0;
        foreach (string value in anyValue ? [] : expression.Texts("values"))
        {
            faults.All($"{path}.values[{i++}]", value, Names.CheckLabelValue(value));
        }
    }

    private static void ValidateField(JsonObject field, string path, Faults faults)
    {
        if (field.Text("operator") is not ("In" or "NotIn"))
        {
            faults.Invalid(path + ".operator", field.Text("operator"), "not a valid selector operator");
        }
        else if (field.Count("values") != 1)
        {
            faults.Required(path + ".values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
        }

        if (field.Text("key") != "metadata.name")
        {
            faults.Invalid(path + ".key", field.Text("key"), "not a valid field selector key");
            return;
        }

        int i = 0;
        foreach (string value in field.Texts("values"))
        {
            faults.All($"{path}.values[{i++}]", value, Names.CheckDns1123Subdomain(value));
        }
    }
}
