using System.Text.Json.Nodes;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for the restart policies of single containers, and for the exit codes that they depend on.</summary>
internal static class ContainerRestartValidation
{
    private const int MostRules = 20, MostCodes = 255;

    public static void Validate(JsonObject container, string list, string path, Faults faults)
    {
        if (list == "ephemeralContainers")
        {
            return;
        }

        if (container.Has("restartPolicy"))
        {
            faults.OneOf(path + ".restartPolicy", container.Text("restartPolicy"), "Always", "Never", "OnFailure");
        }

        string at = path + ".restartPolicyRules";
        int count = container.Count("restartPolicyRules");
        if (count == 0)
        {
            return;
        }

        if (!container.Has("restartPolicy"))
        {
            faults.Required(path + ".restartPolicy", "must specify restartPolicy when restart rules are used");
        }

        if (count > MostRules)
        {
            faults.Add(Api.FieldError.TooMany(at, count, MostRules));
        }

        int i = 0;
        foreach (JsonObject rule in container.Items("restartPolicyRules"))
        {
            ValidateRule(rule, $"{at}[{i++}]", faults);
        }
    }

    private static void ValidateRule(JsonObject rule, string path, Faults faults)
    {
        faults.OneOf(path + ".action", rule.Text("action"), "Restart", "RestartAllContainers");
        if (rule.Child("exitCodes") is not { } codes)
        {
            faults.Required(path + ".exitCodes", "must be specified");
            return;
        }

        faults.OneOf(path + ".exitCodes.operator", codes.Text("operator"), "In", "NotIn");
        if (codes.Count("values") > MostCodes)
        {
            faults.Add(Api.FieldError.TooMany(path + ".exitCodes.values", codes.Count("values"), MostCodes));
        }
    }
}
