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
    private readonly PolicyExpression[] conditions;

    private MatchConditions(PolicyExpression[] conditions) => this.conditions = conditions;

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
        return new([.. owner.Items("matchConditions").Select(c => PolicyExpression.Compile(c.Text("expression"), types, CelDialect.Rules, CelType.Bool))]);
    }

    /// <summary>One condition that is false outweighs any that failed.</summary>
    public MatchOutcome Evaluate(AdmissionInput input, CancellationToken cancellation)
    {
        if (conditions.Length == 0)
        {
            return MatchOutcome.Yes;
        }

        return All(conditions, AdmissionVariables.Values(input.OfConditions()), "", cancellation);
    }

    /// <summary>Whether all of them say yes, within the budget of conditions. One that is false outweighs any that failed.</summary>
    /// <param name="fault">What the text of a fault begins with.</param>
    internal static MatchOutcome All(IReadOnlyList<PolicyExpression> expressions, Dictionary<string, object?> values, string fault, CancellationToken cancellation)
    {
        var budget = new PolicyBudget(PolicyBudget.ForConditions);
        var errors = new List<string>();
        foreach (PolicyExpression expression in expressions)
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
                errors.Add($"{fault}expression '{expression.Source}' resulted in error: {(result as CelError ?? CelError.NoOverload).Message}");
            }
        }

        return errors.Count == 0 ? MatchOutcome.Yes : new MatchOutcome(false, errors.Count == 1 ? errors[0] : $"[{string.Join(", ", errors)}]");
    }
}
