using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Cel;

namespace Orrery.Machinery.Kinds.Registration;

internal sealed class MutatingPolicyRule() : PolicyRule(CelDialect.Mutations)
{
    public override void Default(JsonObject o)
    {
        base.Default(o);
        o.ObjectAt("spec").FillText("reinvocationPolicy", "Never");
    }

    protected override void ValidateWork(JsonObject o, JsonObject spec, PolicyVariables variables, Faults faults)
    {
        int i = 0;
        foreach (JsonObject rule in spec.Child("matchConstraints")?.Items("resourceRules") ?? [])
        {
            int k = 0;
            foreach (string operation in rule.Texts("operations"))
            {
                if (operation == "DELETE")
                {
                    faults.NotSupported($"spec.matchConstraints.resourceRules[{i}].operations[{k}]", operation, "*", "CONNECT", "CREATE", "UPDATE");
                }

                k++;
            }

            i++;
        }

        if (spec.Count("mutations") == 0)
        {
            faults.Required("spec.mutations", "mutations must contain at least one item");
        }

        i = 0;
        foreach (JsonObject mutation in spec.Items("mutations"))
        {
            Mutation(mutation, $"spec.mutations[{i++}]", variables, faults);
        }

        faults.OneOf("spec.reinvocationPolicy", spec.Text("reinvocationPolicy"), "IfNeeded", "Never");
    }

    private static void Mutation(JsonObject mutation, string path, PolicyVariables variables, Faults faults)
    {
        (string wanted, string other) = mutation.Text("patchType") == "JSONPatch" ? ("jsonPatch", "applyConfiguration") : ("applyConfiguration", "jsonPatch");
        string type = mutation.Text("patchType");
        if (type.Length == 0)
        {
            faults.Required(path + ".patchType", "must be one of ApplyConfiguration, JSONPatch");
            return;
        }

        if (type is not ("ApplyConfiguration" or "JSONPatch"))
        {
            faults.NotSupported(path + ".patchType", type, "ApplyConfiguration", "JSONPatch");
            return;
        }

        if (mutation.Has(other))
        {
            faults.Invalid($"{path}.{other}", mutation[other], $"must not be specified when patchType is {type}");
        }

        if (mutation.Child(wanted) is not { } work)
        {
            faults.Required($"{path}.{wanted}", $"must be specified when patchType is {type}");
        }
        else if (work.Text("expression").Trim().Length == 0)
        {
            faults.Required($"{path}.{wanted}.expression", "expression is not specified");
        }
        else
        {
            PolicyExpressions.Compiled(variables.Compile(work.Text("expression"), MutationTypes.ResultOf(type)), $"{path}.{wanted}.expression", faults);
        }
    }
}
