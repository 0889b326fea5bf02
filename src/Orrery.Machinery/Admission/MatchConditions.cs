using System.Text.Json.Nodes;
using Orrery.Machinery.Cel;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Admission;

/// <summary>Whether the conditions of a policy or webhook let a request through to it.</summary>
/// <param name="Error">A condition could not be worked out, and none said no: the failure policy decides. Null otherwise.</param>
public readonly record struct MatchOutcome(bool Matches, string? Error = null)
{
    public static MatchOutcome No => default;

    public static MatchOutcome Yes => new(true);
}

/// <summary>The <c>matchConditions</c> of a policy or a webhook, compiled once (apiserver <c>pkg/admission/plugin/webhook/matchconditions</c>).</summary>
public sealed class MatchConditions
{
    private readonly (string Name, PolicyExpression Expression)[] conditions;

    private MatchConditions((string Name, PolicyExpression Expression)[] conditions) => this.conditions = conditions;

    public static MatchConditions None { get; } = new([]);

    public bool IsEmpty => conditions.Length == 0;

    /// <param name="owner">The policy's spec, or the webhook: what has the member <c>matchConditions</c>.</param>
    /// <param name="hasParams">The policy names a paramKind.</param>
    public static MatchConditions Compile(JsonObject owner, bool hasParams)
    {
        if (owner.Count("matchConditions") == 0)
        {
            return None;
        }

        Dictionary<string, CelType> types = AdmissionVariables.Types(hasParams);
        return new([.. owner.Items("matchConditions").Select(c => (c.Text("name"), PolicyExpression.Compile(c.Text("expression"), types, CelDialect.Rules, CelType.Bool)))]);
    }

    /// <summary>One condition that is false outweighs any that failed.</summary>
    public MatchOutcome Evaluate(AdmissionInput input, CancellationToken cancellation)
    {
        if (conditions.Length == 0)
        {
            return MatchOutcome.Yes;
        }

        var budget = new PolicyBudget(PolicyBudget.ForConditions);
        Dictionary<string, object?> values = AdmissionVariables.Values(input);
        var errors = new List<string>();
        foreach ((_, PolicyExpression expression) in conditions)
        {
            object? result;
            try
            {
                result = expression.Evaluate(values, budget, cancellation);
            }
            catch (CelBudgetException)
            {
                errors.Add(PolicyBudget.SpentMessage);
                break;
            }

            if (result is false)
            {
                return MatchOutcome.No;
            }

            if (result is not true)
            {
                errors.Add($"expression '{expression.Source}' resulted in error: {(result as CelError ?? CelError.NoOverload).Message}");
            }
        }

        return errors.Count == 0 ? MatchOutcome.Yes : new MatchOutcome(false, errors.Count == 1 ? errors[0] : $"[{string.Join(", ", errors)}]");
    }
}
