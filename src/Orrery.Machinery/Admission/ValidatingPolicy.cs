using System.Text.Json.Nodes;
using Orrery.Machinery.Cel;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Admission;

/// <summary>A <c>ValidatingAdmissionPolicy</c>, compiled once (apiserver <c>pkg/admission/plugin/policy/validating/validator.go</c>). Immutable.</summary>
public sealed class ValidatingPolicy
{
    /// <summary>Longest text of a message expression; a longer one is as none.</summary>
    private const int LongestMessage = 5 * 1024;

    private readonly PolicyVariables variables;
    private readonly Check[] checks;
    private readonly Note[] notes;

    private ValidatingPolicy(JsonObject spec)
    {
        bool hasParams = spec.Has("paramKind");
        FailsOpen = spec.Text("failurePolicy") == "Ignore";
        Conditions = MatchConditions.Compile(spec, hasParams);
        variables = PolicyVariables.Compile(spec, AdmissionVariables.Types(hasParams), CelDialect.Rules);
        checks = [.. spec.Items("validations").Select(v => new Check(
            variables.Compile(v.Text("expression"), CelType.Bool),
            v.Text("message"),
            v.Text("messageExpression").Trim().Length > 0 ? variables.CompileMessage(v.Text("messageExpression")) : null,
            v.Text("reason")))];
        notes = [.. spec.Items("auditAnnotations").Select(a => new Note(a.Text("key"), variables.Compile(a.Text("valueExpression"), CelType.String, CelType.Null)))];
    }

    /// <summary>What cannot be worked out lets the request pass.</summary>
    public bool FailsOpen { get; }

    public MatchConditions Conditions { get; }

    /// <param name="spec">Of a policy that was validated when it was written.</param>
    public static ValidatingPolicy Compile(JsonObject spec) => new(spec);

    /// <summary>What the policy says of a request that it matches. Conditions are not asked.</summary>
    public PolicyVerdict Evaluate(AdmissionInput input, CancellationToken cancellation)
    {
        try
        {
            return Judge(input, cancellation);
        }
        catch (CelBudgetException)
        {
            // Nothing of what was found until then counts.
            var verdict = new PolicyVerdict();
            Fail(verdict, 0, PolicyBudget.SpentMessage);
            return verdict;
        }
    }

    private PolicyVerdict Judge(AdmissionInput input, CancellationToken cancellation)
    {
        var verdict = new PolicyVerdict();

        // 1. All validations, then the words of those that failed, from one budget.
        var budget = new PolicyBudget(CelBudget.PerRequest);
        Dictionary<string, object?> values = variables.Values(input, budget, cancellation);
        object?[] results = Array.ConvertAll(checks, c => c.Expression.Evaluate(values, budget, cancellation));
        for (int i = 0; i < checks.Length; i++)
        {
            switch (results[i])
            {
                case true:
                    break;
                case false:
                    Deny(checks[i], i, values, budget, verdict, cancellation);
                    break;
                case var other:
                    Fail(verdict, i, $"expression '{checks[i].Expression.Source}' resulted in error: {(other as CelError ?? CelError.NoOverload).Message}");
                    break;
            }
        }

        // 2. The annotations, from another.
        var ofNotes = new PolicyBudget(CelBudget.PerRequest);
        values = notes.Length == 0 ? values : variables.Values(input, ofNotes, cancellation);
        foreach (Note note in notes)
        {
            Publish(note, values, ofNotes, verdict, cancellation);
        }

        return verdict;
    }

    private void Deny(Check check, int index, Dictionary<string, object?> values, PolicyBudget budget, PolicyVerdict verdict, CancellationToken cancellation)
    {
        try
        {
            verdict.Denials.Add(new PolicyDenial(index, Words(check, values, budget, cancellation), check.Reason));
        }
        catch (CelBudgetException)
        {
            Fail(verdict, index, "failed messageExpression: " + PolicyBudget.SpentMessage);
        }
    }

    private static string Words(Check check, Dictionary<string, object?> values, PolicyBudget budget, CancellationToken cancellation)
    {
        if (check.MessageExpression?.Evaluate(values, budget, cancellation) is string said && said.Trim() is { Length: > 0 and <= LongestMessage } words && !words.Contains('\n'))
        {
            return words;
        }

        return check.Message.Trim() is { Length: > 0 } plain ? plain : $"failed expression: {check.Expression.Source.Trim()}";
    }

    private void Publish(Note note, Dictionary<string, object?> values, PolicyBudget budget, PolicyVerdict verdict, CancellationToken cancellation)
    {
        switch (note.Value.Evaluate(values, budget, cancellation))
        {
            case string text when text.Trim() is { Length: > 0 } value:
                verdict.Annotations.Add((note.Key, value));
                break;
            case null or string:
                break;
            case var other:
                Fail(verdict, -1, $"expression '{note.Value.Source}' resulted in error: {(other as CelError ?? CelError.NoOverload).Message}");
                break;
        }
    }

    private void Fail(PolicyVerdict verdict, int index, string message)
    {
        if (!FailsOpen)
        {
            verdict.Denials.Add(new PolicyDenial(index, message, "") { IsError = true });
        }
    }

    private sealed record Check(PolicyExpression Expression, string Message, PolicyExpression? MessageExpression, string Reason);

    private sealed record Note(string Key, PolicyExpression Value);
}

/// <summary>What a validating policy says of one request, with one set of parameters.</summary>
public sealed class PolicyVerdict
{
    public List<PolicyDenial> Denials { get; } = [];

    /// <summary>Keys without the policy's name.</summary>
    public List<(string Key, string Value)> Annotations { get; } = [];
}

/// <summary>One refusal.</summary>
/// <param name="Index">Of the validation; -1 for an audit annotation.</param>
/// <param name="Reason">As the policy states it; empty for the usual one.</param>
public sealed record PolicyDenial(int Index, string Message, string Reason)
{
    /// <summary>It could not be worked out: refused by the failure policy.</summary>
    public bool IsError { get; init; }
}
