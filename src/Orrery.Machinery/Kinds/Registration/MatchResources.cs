using System.Text.Json.Nodes;

namespace Orrery.Machinery.Kinds.Registration;

/// <summary>Which requests a policy or a binding is about.</summary>
internal static class MatchResources
{
    public static void Default(JsonObject? match)
    {
        if (match is null)
        {
            return;
        }

        match.Fill("matchPolicy", "Equivalent");
        match.Fill("namespaceSelector", new JsonObject());
        match.Fill("objectSelector", new JsonObject());
        foreach (JsonObject rule in match.Items("resourceRules").Concat(match.Items("excludeResourceRules")))
        {
            rule.Fill("scope", "*");
        }
    }

    public static void Validate(JsonObject match, string path, Faults faults)
    {
        faults.OneOf(path + ".matchPolicy", match.Text("matchPolicy"), "Equivalent", "Exact");
        Selectors.Validate(match.Child("namespaceSelector"), path + ".namespaceSelector", faults);
        Selectors.Validate(match.Child("objectSelector"), path + ".objectSelector", faults);
        foreach (string member in new[] { "resourceRules", "excludeResourceRules" })
        {
            int i = 0;
            foreach (JsonObject rule in match.Items(member))
            {
                RuleValidation.Validate(rule, $"{path}.{member}[{i++}]", named: true, faults);
            }
        }
    }
}
