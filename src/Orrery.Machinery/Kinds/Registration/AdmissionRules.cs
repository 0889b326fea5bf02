using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Registration;

/// <summary>Validating and mutating webhook configurations.</summary>
internal sealed class WebhookConfigurationRule(bool mutating) : KindRule
{
    public override bool CountsGeneration => true;

    public override bool ChangesDesiredState(JsonObject o, JsonObject old) => !JsonFields.Same(o["webhooks"], old["webhooks"]);

    public override void Default(JsonObject o)
    {
        foreach (JsonObject webhook in o.Items("webhooks"))
        {
            webhook.FillText("failurePolicy", "Fail");
            webhook.FillText("matchPolicy", "Equivalent");
            webhook.Fill("namespaceSelector", new JsonObject());
            webhook.Fill("objectSelector", new JsonObject());
            webhook.Fill("timeoutSeconds", 10);
            if (mutating)
            {
                webhook.FillText("reinvocationPolicy", "Never");
            }

            foreach (JsonObject rule in webhook.Items("rules"))
            {
                rule.FillText("scope", "*");
            }

            webhook.Child("clientConfig")?.Child("service")?.Fill("port", 443);
        }
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        int i = 0;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonObject webhook in o.Items("webhooks"))
        {
            string at = $"webhooks[{i++}]";
            string name = webhook.Text("name");
            if (name.Length == 0)
            {
                faults.Required(at + ".name");
            }
            else if (name.Split('.').Length < 3)
            {
                faults.Invalid(at + ".name", name, "should be a domain with at least three segments separated by dots");
            }

            if (!names.Add(name))
            {
                faults.Duplicate(at + ".name", name);
            }

            faults.OneOf(at + ".failurePolicy", webhook.Text("failurePolicy"), "Fail", "Ignore");
            faults.OneOf(at + ".matchPolicy", webhook.Text("matchPolicy"), "Equivalent", "Exact");
            if (webhook.Text("sideEffects") is not ("None" or "NoneOnDryRun") and var effects)
            {
                faults.NotSupported(at + ".sideEffects", effects, "None", "NoneOnDryRun");
            }

            if (webhook.Number("timeoutSeconds") is < 1 or > 30)
            {
                faults.Invalid(at + ".timeoutSeconds", webhook["timeoutSeconds"], "the timeout value must be between 1 and 30 seconds");
            }
        }
    }
}

internal sealed class ValidatingAdmissionPolicyRule : KindRule
{
    public override bool HasStatus => true;

    public override bool CountsGeneration => true;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        spec.FillText("failurePolicy", "Fail");
        MatchResources.Default(spec.Child("matchConstraints"));
        o.ObjectAt("status");
    }
}

internal sealed class ValidatingAdmissionPolicyBindingRule : KindRule
{
    public override bool CountsGeneration => true;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        MatchResources.Default(spec.Child("matchResources"));
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        if (o.ObjectAt("spec").Text("policyName").Length == 0)
        {
            faults.Required("spec.policyName");
        }

        if (o.Kind == "ValidatingAdmissionPolicyBinding" && o.ObjectAt("spec").Count("validationActions") == 0)
        {
            faults.Required("spec.validationActions", "at least one validation action is required");
        }
    }
}

internal static class MatchResources
{
    public static void Default(JsonObject? match)
    {
        if (match is null)
        {
            return;
        }

        match.FillText("matchPolicy", "Equivalent");
        match.Fill("namespaceSelector", new JsonObject());
        match.Fill("objectSelector", new JsonObject());
        foreach (JsonObject rule in match.Items("resourceRules").Concat(match.Items("excludeResourceRules")))
        {
            rule.FillText("scope", "*");
        }
    }
}
