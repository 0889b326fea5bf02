using System.Text.Json.Nodes;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Cel;

namespace Orrery.Machinery.Kinds.Registration;

/// <summary>Expressions of policies and webhooks, each compiled when it is written.</summary>
internal static class PolicyExpressions
{
    private const int MostConditions = 64;

    public static void ValidateConditions(JsonObject owner, string path, bool hasParams, Faults faults)
    {
        if (owner.Count("matchConditions") is var count and > MostConditions)
        {
            faults.Add(Api.FieldError.TooMany(path, count, MostConditions));
        }

        Dictionary<string, CelType> types = AdmissionVariables.Types(hasParams);
        var names = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject condition in owner.Items("matchConditions"))
        {
            string at = $"{path}[{i++}]", expression = condition.Text("expression"), name = condition.Text("name");
            if (expression.Trim().Length == 0)
            {
                faults.Required(at + ".expression");
            }
            else
            {
                Compiled(PolicyExpression.Compile(expression, types, CelDialect.Rules, CelType.Bool), at + ".expression", faults);
            }

            if (name.Length == 0)
            {
                faults.Required(at + ".name");
            }
            else
            {
                faults.All(at + ".name", name, Api.Names.CheckQualifiedName(name));
            }

            if (name.Length > 0 && !names.Add(name))
            {
                faults.Duplicate(at + ".name", name);
            }
        }
    }

    /// <summary>The variables of a policy, and what the expressions after them may use.</summary>
    public static PolicyVariables ValidateVariables(JsonObject spec, CelDialect dialect, Faults faults)
    {
        PolicyVariables variables = PolicyVariables.Compile(spec, AdmissionVariables.Types(spec.Has("paramKind")), dialect);
        int i = 0;
        foreach (JsonObject variable in spec.Items("variables"))
        {
            string at = $"spec.variables[{i}]", name = variable.Text("name");
            if (name.Trim().Length == 0)
            {
                faults.Required(at + ".name", "name is not specified");
            }
            else if (!IsIdentifier(name))
            {
                faults.Invalid(at + ".name", name, "name is not a valid CEL identifier");
            }

            if (variable.Text("expression").Trim().Length == 0)
            {
                faults.Required(at + ".expression", "expression is not specified");
            }
            else
            {
                Compiled(variables.All[i], at + ".expression", faults);
            }

            i++;
        }

        return variables;
    }

    /// <summary>Says what keeps an expression from being run.</summary>
    public static void Compiled(PolicyExpression expression, string path, Faults faults)
    {
        if (expression.Fault is { } fault)
        {
            faults.Invalid(path, expression.Source, fault);
        }
    }

    private static bool IsIdentifier(string name) =>
        (char.IsAsciiLetter(name[0]) || name[0] == '_') && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !Cel.Rules.SchemaTypes.IsReserved(name);
}
