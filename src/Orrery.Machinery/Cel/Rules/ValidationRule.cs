using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Cel.Rules;

/// <summary>One entry of <c>x-kubernetes-validations</c>, compiled.</summary>
internal sealed class ValidationRule
{
    private static readonly ConditionalWeakTable<Schema, ValidationRule[]> Known = [];

    private ValidationRule(JsonObject json, CelType self)
    {
        Text = json.Text("rule") ?? "";
        Message = json.Text("message") ?? "";
        Reason = json.Text("reason");
        FieldPath = json.Text("fieldPath") ?? "";
        IsOptionalOld = json.Flag("optionalOldSelf");
        var names = new Dictionary<string, CelType> { ["self"] = self, ["oldSelf"] = IsOptionalOld ? CelType.Optional(self) : self };
        Program = Compile(Text, names, CelType.Bool, "cel expression must evaluate to a bool", out string? fault);
        Fault = fault;
        if (fault is null && json.Text("messageExpression") is { Length: > 0 } expression)
        {
            MessageProgram = Compile(expression, names, CelType.String, "messageExpression must evaluate to a string", out string? messageFault);
            MessageFault = messageFault;
        }

        HasOptionalOld = json["optionalOldSelf"] is not null;
        IsTransition = Program?.Uses("oldSelf") == true;
    }

    public string Text { get; }

    public string Message { get; }

    public string? Reason { get; }

    public string FieldPath { get; }

    public bool IsOptionalOld { get; }

    /// <summary>The author said whether the old value is optional.</summary>
    public bool HasOptionalOld { get; }

    /// <summary>Null when it does not compile.</summary>
    public CelProgram? Program { get; }

    public CelProgram? MessageProgram { get; }

    public string? Fault { get; }

    public string? MessageFault { get; }

    /// <summary>Speaks of the old value: runs on updates only, unless that is optional.</summary>
    public bool IsTransition { get; }

    /// <summary>Rules of a schema, compiled once.</summary>
    public static IReadOnlyList<ValidationRule> Of(Schema schema, bool isRoot)
    {
        if (schema.Rules is not { Validations: { Count: > 0 } list })
        {
            return [];
        }

        return Known.GetValue(schema, s => [.. list.Select(json => new ValidationRule(json, SchemaTypes.Of(s, isRoot) ?? CelType.Dyn))]);
    }

    private static CelProgram? Compile(string text, Dictionary<string, CelType> names, CelType wanted, string otherwise, out string? fault)
    {
        try
        {
            CelProgram program = CelProgram.Compile(text, names);
            fault = program.ResultType.Equals(wanted) ? null : otherwise;
            return fault is null ? program : null;
        }
        catch (CelCompileException e)
        {
            fault = $"compilation failed: {e.Message}";
            return null;
        }
    }
}
