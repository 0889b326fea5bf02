using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.FlowControl;

/// <summary>Upstream: <c>pkg/apis/flowcontrol/validation</c>.</summary>
internal sealed class FlowSchemaRule : KindRule
{
    private const long LastPrecedence = 10_000;

    public override bool HasStatus => true;

    public override bool CountsGeneration => true;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        if ((spec.Number("matchingPrecedence") ?? 0) == 0)
        {
            spec["matchingPrecedence"] = 1000;
        }
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        Precedence(o.Name, spec.Number("matchingPrecedence") ?? 0, faults);
        if (spec.Child("distinguisherMethod") is { } method)
        {
            faults.OneOf("spec.distinguisherMethod.type", method.Text("type"), "ByNamespace", "ByUser");
        }

        string level = spec.Child("priorityLevelConfiguration")?.Text("name") ?? "";
        if (level.Length == 0)
        {
            faults.Required("spec.priorityLevelConfiguration.name", "must reference a priority level");
        }
        else
        {
            faults.All("spec.priorityLevelConfiguration.name", level, Names.CheckDns1123Subdomain(level));
        }

        int i = 0;
        foreach (JsonObject rule in spec.Items("rules"))
        {
            FlowRules.Validate(rule, $"spec.rules[{i++}]", faults);
        }

        if (MandatoryFlows.SpecOf(o.Name) is { } mandatory && !JsonFields.Same(spec, mandatory))
        {
            faults.Invalid("spec", spec, $"spec of '{o.Name}' must equal the fixed value");
        }

        FlowStatus.Validate(o, faults);
    }

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults) => FlowStatus.Validate(o, faults);

    private static void Precedence(string name, long precedence, Faults faults)
    {
        const string At = "spec.matchingPrecedence";
        if (precedence <= 0)
        {
            faults.Invalid(At, precedence, "must be a positive value");
        }

        if (precedence > LastPrecedence)
        {
            faults.Invalid(At, precedence, $"must not be greater than {LastPrecedence}");
        }

        if (precedence == 1 && name != MandatoryFlows.Exempt)
        {
            faults.Invalid(At, precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
        }
    }
}
