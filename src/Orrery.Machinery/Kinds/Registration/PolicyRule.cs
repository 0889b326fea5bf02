using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Cel;

namespace Orrery.Machinery.Kinds.Registration;

/// <summary>What validating and mutating admission policies have in common (<c>pkg/apis/admissionregistration/validation</c>).</summary>
internal abstract class PolicyRule(CelDialect dialect) : KindRule
{
    public override bool CountsGeneration => true;

    public override bool ChecksFinalizerOwners => false;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        spec.FillText("failurePolicy", "Fail");
        MatchResources.Default(spec.Child("matchConstraints"));
    }

    public sealed override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        faults.OneOf("spec.failurePolicy", spec.Text("failurePolicy"), "Fail", "Ignore");
        if (spec.Child("paramKind") is { } kind)
        {
            ValidateParamKind(kind, faults);
        }

        if (spec.Child("matchConstraints") is { } constraints)
        {
            MatchResources.Validate(constraints, "spec.matchConstraints", faults);
            if (constraints.Count("resourceRules") == 0)
            {
                faults.Required("spec.matchConstraints.resourceRules");
            }
        }
        else
        {
            faults.Required("spec.matchConstraints");
        }

        PolicyExpressions.ValidateConditions(spec, "spec.matchConditions", spec.Has("paramKind"), faults);
        ValidateWork(o, spec, PolicyExpressions.ValidateVariables(spec, dialect, faults), faults);
    }

    /// <summary>What the policy does: its validations, or its mutations.</summary>
    protected abstract void ValidateWork(JsonObject o, JsonObject spec, PolicyVariables variables, Faults faults);

    private static void ValidateParamKind(JsonObject kind, Faults faults)
    {
        const string Path = "spec.paramKind";
        string version = kind.Text("apiVersion"), name = kind.Text("kind");
        string[] parts = version.Split('/');
        if (version.Length == 0)
        {
            faults.Required(Path + ".apiVersion");
        }
        else if (parts.Length > 2)
        {
            faults.Invalid(Path + ".apiVersion", version, $"unexpected GroupVersion string: {version}");
        }
        else
        {
            if (parts.Length == 2)
            {
                Joined(Path + ".apiVersion", parts[0], Names.CheckDns1123Subdomain(parts[0]), faults);
            }

            if (parts[^1].Length == 0)
            {
                faults.Invalid(Path + ".apiVersion", version, "version must be specified");
            }
            else
            {
                Joined(Path + ".apiVersion", parts[^1], Names.CheckDns1035Label(parts[^1]), faults);
            }
        }

        if (name.Length == 0)
        {
            faults.Required(Path + ".kind");
        }
        else if (Names.CheckDns1035Label(name.ToLowerInvariant()) is { Count: > 0 } why)
        {
            faults.Invalid(Path + ".kind", name, $"may have mixed case, but should otherwise match: {string.Join(',', why)}");
        }
    }

    private static void Joined(string path, string value, IReadOnlyList<string> why, Faults faults)
    {
        if (why.Count > 0)
        {
            faults.Invalid(path, value, string.Join(',', why));
        }
    }
}
