using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Registration;

/// <summary>Validating and mutating webhook configurations.</summary>
internal sealed class WebhookConfigurationRule(bool mutating) : KindRule
{
    private static readonly string[] Versions = ["v1", "v1beta1"];

    public override bool CountsGeneration => true;

    public override bool ChecksFinalizerOwners => false;

    public override bool ChangesDesiredState(JsonObject o, JsonObject old) => !JsonFields.Same(o["webhooks"], old["webhooks"]);

    public override void Default(JsonObject o)
    {
        foreach (JsonObject webhook in o.Items("webhooks"))
        {
            webhook.Fill("failurePolicy", "Fail");
            webhook.Fill("matchPolicy", "Equivalent");
            webhook.Fill("namespaceSelector", new JsonObject());
            webhook.Fill("objectSelector", new JsonObject());
            webhook.Fill("timeoutSeconds", 10);
            if (mutating)
            {
                webhook.Fill("reinvocationPolicy", "Never");
            }

            foreach (JsonObject rule in webhook.Items("rules"))
            {
                rule.Fill("scope", "*");
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
            string at = $"webhooks[{i++}]", name = webhook.Text("name");
            Name(name, at + ".name", faults);
            Rules(webhook, at, faults);
            faults.OneOf(at + ".failurePolicy", webhook.Text("failurePolicy"), "Fail", "Ignore");
            faults.OneOf(at + ".matchPolicy", webhook.Text("matchPolicy"), "Equivalent", "Exact");
            SideEffects(webhook, at + ".sideEffects", faults);
            if (webhook.Number("timeoutSeconds") is < 1 or > 30)
            {
                faults.Invalid(at + ".timeoutSeconds", webhook["timeoutSeconds"], "the timeout value must be between 1 and 30 seconds");
            }

            Selectors.Validate(webhook.Child("namespaceSelector"), at + ".namespaceSelector", faults);
            Selectors.Validate(webhook.Child("objectSelector"), at + ".objectSelector", faults);
            if (mutating)
            {
                faults.OneOf(at + ".reinvocationPolicy", webhook.Text("reinvocationPolicy"), "IfNeeded", "Never");
            }

            foreach (FieldError fault in WebhookClients.Check(webhook.ObjectAt("clientConfig"), at + ".clientConfig"))
            {
                faults.Add(fault);
            }

            PolicyExpressions.ValidateConditions(webhook, at + ".matchConditions", hasParams: false, faults);
            ReviewVersions(webhook, at + ".admissionReviewVersions", faults);
            if (!names.Add(name))
            {
                faults.Duplicate(at + ".name", name);
            }
        }
    }

    private static void Name(string name, string path, Faults faults)
    {
        if (name.Length == 0)
        {
            faults.Required(path);
        }
        else if (Names.CheckDns1123Subdomain(name) is { Count: > 0 } why)
        {
            faults.Invalid(path, name, string.Join(',', why));
        }
        else if (name.Split('.').Length < 3)
        {
            faults.Invalid(path, name, "should be a domain with at least three segments separated by dots");
        }
    }

    private static void Rules(JsonObject webhook, string path, Faults faults)
    {
        int i = 0;
        foreach (JsonObject rule in webhook.Items("rules"))
        {
            RuleValidation.Validate(rule, $"{path}.rules[{i++}]", named: false, faults);
        }
    }

    private static void SideEffects(JsonObject webhook, string path, Faults faults)
    {
        string effects = webhook.Text("sideEffects");
        if (effects.Length == 0)
        {
            faults.Required(path, "must specify one of None, NoneOnDryRun");
        }
        else
        {
            faults.OneOf(path, effects, "None", "NoneOnDryRun");
        }
    }

    private static void ReviewVersions(JsonObject webhook, string path, Faults faults)
    {
        string[] versions = [.. webhook.Texts("admissionReviewVersions")];
        if (versions.Length == 0)
        {
            faults.Required(path, "must specify one of v1, v1beta1");
            return;
        }

        var known = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < versions.Length; i++)
        {
            if (!known.Add(versions[i]))
            {
                faults.Invalid($"{path}[{i}]", versions[i], "duplicate version");
            }

            if (Names.CheckDns1035Label(versions[i]) is { Count: > 0 } why)
            {
                faults.Invalid($"{path}[{i}]", versions[i], string.Join(',', why));
            }
        }

        if (!versions.Any(Versions.Contains))
        {
            faults.Invalid(path, webhook["admissionReviewVersions"], "must include at least one of v1, v1beta1");
        }
    }
}
