using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Cel;

namespace Orrery.Machinery.Kinds.Registration;

internal sealed class ValidatingPolicyRule() : PolicyRule(CelDialect.Rules)
{
    private const int MostAnnotations = 20;
    private const int LongestAnnotation = 5 * 1024;
    private const string NothingToDo = "validations or auditAnnotations must be specified";

    private static readonly string[] Reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];

    public override bool HasStatus => true;

    public override void Default(JsonObject o)
    {
        base.Default(o);
        o.ObjectAt("status");
    }

    protected override void ValidateWork(JsonObject o, JsonObject spec, PolicyVariables variables, Faults faults)
    {
        if (spec.Count("validations") == 0 && spec.Count("auditAnnotations") == 0)
        {
            faults.Required("spec.validations", NothingToDo);
            faults.Required("spec.auditAnnotations", NothingToDo);
            return;
        }

        int i = 0;
        foreach (JsonObject validation in spec.Items("validations"))
        {
            Validation(validation, $"spec.validations[{i++}]", variables, faults);
        }

        if (spec.Count("auditAnnotations") > MostAnnotations)
        {
            faults.Invalid("spec.auditAnnotations", spec["auditAnnotations"], $"must not have more than {MostAnnotations} auditAnnotations");
        }

        var keys = new HashSet<string>(StringComparer.Ordinal);
        i = 0;
        foreach (JsonObject annotation in spec.Items("auditAnnotations"))
        {
            string at = $"spec.auditAnnotations[{i++}]";
            Annotation(o.Name, annotation, at, variables, faults);
            if (!keys.Add(annotation.Text("key")))
            {
                faults.Duplicate(at + ".key", annotation.Text("key"));
            }
        }
    }

    private static void Validation(JsonObject validation, string path, PolicyVariables variables, Faults faults)
    {
        string expression = validation.Text("expression"), message = validation.Text("message"), messageExpression = validation.Text("messageExpression");
        if (expression.Trim().Length == 0)
        {
            faults.Required(path + ".expression", "expression is not specified");
        }
        else
        {
            PolicyExpressions.Compiled(variables.Compile(expression, CelType.Bool), path + ".expression", faults);
        }

        if (messageExpression.Length > 0 && messageExpression.Trim().Length == 0)
        {
            faults.Invalid(path + ".messageExpression", messageExpression, "must be non-empty if specified");
        }
        else if (messageExpression.Length > 0)
        {
            PolicyExpressions.Compiled(variables.CompileMessage(messageExpression), path + ".messageExpression", faults);
        }

        if (message.Length > 0 && message.Trim().Length == 0)
        {
            faults.Invalid(path + ".message", message, "message must be non-empty if specified");
        }
        else if (message.Trim().Contains('\n'))
        {
            faults.Invalid(path + ".message", message, "message must not contain line breaks");
        }
        else if (expression.Trim().Contains('\n') && message.Length == 0)
        {
            faults.Required(path + ".message", "message must be specified if expression contains line breaks");
        }

        if (validation.Has("reason"))
        {
            faults.OneOf(path + ".reason", validation.Text("reason"), Reasons);
        }
    }

    private static void Annotation(string policy, JsonObject annotation, string path, PolicyVariables variables, Faults faults)
    {
        string key = annotation.Text("key"), expression = annotation.Text("valueExpression");
        if (policy.Length > 0)
        {
            faults.All(path + ".key", key, Names.CheckQualifiedName($"{policy}/{key}"));
        }

        if (expression.Trim().Length == 0)
        {
            faults.Required(path + ".valueExpression", "valueExpression is not specified");
        }
        else if (expression.Trim().Length > LongestAnnotation)
        {
            faults.Required(path + ".valueExpression", $"must not exceed {LongestAnnotation} bytes in length");
        }
        else
        {
            PolicyExpressions.Compiled(variables.Compile(expression, CelType.String, CelType.Null), path + ".valueExpression", faults);
        }
    }
}
