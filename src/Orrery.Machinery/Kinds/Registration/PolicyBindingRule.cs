using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Registration;

/// <summary>Bindings of validating and mutating policies.</summary>
internal sealed class PolicyBindingRule(bool validating) : KindRule
{
    private const string Exclusive = "name and selector are mutually exclusive";

    public override bool CountsGeneration => true;

    public override bool ChecksFinalizerOwners => false;

    public override void Default(JsonObject o) => MatchResources.Default(o.ObjectAt("spec").Child("matchResources"));

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        string policy = spec.Text("policyName");
        if (policy.Length == 0)
        {
            faults.Required("spec.policyName");
        }
        else
        {
            faults.All("spec.policyName", policy, Names.CheckDns1123Subdomain(policy));
        }

        if (spec.Child("paramRef") is { } reference)
        {
            Params(reference, faults);
        }

        if (spec.Child("matchResources") is { } match)
        {
            MatchResources.Validate(match, "spec.matchResources", faults);
        }

        if (validating)
        {
            Actions(spec, faults);
        }
    }

    private static void Params(JsonObject reference, Faults faults)
    {
        const string Path = "spec.paramRef";
        bool hasName = reference.Text("name").Length > 0, hasSelector = reference.Child("selector") is not null;
        if (hasName)
        {
            faults.All(Path + ".name", reference.Text("name"), Names.CheckPathSegment(reference.Text("name")));
            if (hasSelector)
            {
                faults.Forbidden(Path + ".name", Exclusive);
            }
        }

        if (hasSelector)
        {
            Selectors.Validate(reference.Child("selector"), Path + ".selector", faults);
            if (hasName)
            {
                faults.Forbidden(Path + ".selector", Exclusive);
            }
        }

        if (!hasName && !hasSelector)
        {
            faults.Required(Path, "one of name or selector must be specified");
        }

        if (reference.Text("parameterNotFoundAction").Length == 0)
        {
            faults.Required(Path + ".parameterNotFoundAction");
        }
        else
        {
            faults.OneOf(Path + ".parameterNotFoundAction", reference.Text("parameterNotFoundAction"), "Allow", "Deny");
        }
    }

    private static void Actions(JsonObject spec, Faults faults)
    {
        const string Path = "spec.validationActions";
        if (spec.Count("validationActions") == 0)
        {
            faults.Required(Path, "at least one validation action is required");
        }

        var known = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (string action in spec.Texts("validationActions"))
        {
            string at = $"{Path}[{i++}]";
            faults.OneOf(at, action, "Audit", "Deny", "Warn");
            if (!known.Add(action))
            {
                faults.Duplicate(at, action);
            }
        }

        if (known.Contains("Deny") && known.Contains("Warn"))
        {
            faults.Invalid(
                Path, spec["validationActions"],
                "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)");
        }
    }
}
