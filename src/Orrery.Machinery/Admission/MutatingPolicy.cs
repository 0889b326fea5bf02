using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Cel;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Admission;

/// <summary>A <c>MutatingAdmissionPolicy</c>, compiled once (apiserver <c>pkg/admission/plugin/policy/mutating</c>). Immutable.</summary>
public sealed class MutatingPolicy
{
    private readonly PolicyVariables variables;
    private readonly (string PatchType, PolicyExpression Expression)[] mutations;

    private MutatingPolicy(JsonObject spec)
    {
        bool hasParams = spec.Has("paramKind");
        Conditions = MatchConditions.Compile(spec, hasParams);
        IsReinvoked = spec.Text("reinvocationPolicy") == "IfNeeded";
        variables = PolicyVariables.Compile(spec, AdmissionVariables.Types(hasParams), CelDialect.Mutations);
        mutations = [.. spec.Items("mutations").Select(m => (m.Text("patchType"), CompileMutation(m)))];
    }

    public MatchConditions Conditions { get; }

    /// <summary>Asks to be run once more when others change the object after it.</summary>
    public bool IsReinvoked { get; }

    /// <summary>How many there are to carry out.</summary>
    public int Mutations => mutations.Length;

    /// <param name="spec">Of a policy that was validated when it was written.</param>
    public static MutatingPolicy Compile(JsonObject spec) => new(spec);

    /// <summary>Carries the mutations out in order, each on what the one before it left.</summary>
    /// <param name="input">Its object is not changed.</param>
    /// <param name="schema">Of the object.</param>
    /// <param name="settle">
    /// Makes of what each mutation left (and of whether a JSON patch did) an object of its kind again, in place, so that the next one sees it with its defaults; answers why that cannot be.
    /// </param>
    /// <param name="errors">What could not be carried out; the mutations after it still are.</param>
    /// <returns>The input's own object where nothing changed, else a new one.</returns>
    public JsonObject Mutate(AdmissionInput input, Schemas.Schema schema, Func<JsonObject, bool, string?> settle, List<string> errors, CancellationToken cancellation)
    {
        JsonObject current = input.Object ?? throw new ArgumentException("there is no object to change", nameof(input));
        foreach ((string patchType, PolicyExpression expression) in mutations)
        {
            try
            {
                object? value = Evaluate(expression, input with { Object = current }, cancellation);
                bool isPatch = patchType == "JSONPatch";
                JsonObject made = isPatch ? ObjectMutation.Patch(current, value) : ObjectMutation.Merge(current, value, schema);
                if (!JsonNode.DeepEquals(made, current))
                {
                    current = settle(made, isPatch) is { } fault ? throw new MutationException(fault) : made;
                }
            }
            catch (MutationException fault)
            {
                errors.Add(fault.Message);
            }
        }

        return current;
    }

    private object? Evaluate(PolicyExpression expression, AdmissionInput input, CancellationToken cancellation)
    {
        var budget = new PolicyBudget(CelBudget.PerRequest);
        try
        {
            object? value = expression.Evaluate(variables.Values(input, budget, cancellation), budget, cancellation);
            return value is CelError error ? throw new MutationException($"expression '{expression.Source}' resulted in error: {error.Message}") : value;
        }
        catch (CelBudgetException)
        {
            throw new MutationException(PolicyBudget.SpentMessage);
        }
    }

    private PolicyExpression CompileMutation(JsonObject mutation)
    {
        string type = mutation.Text("patchType");
        string source = mutation.ObjectAt(type == "JSONPatch" ? "jsonPatch" : "applyConfiguration").Text("expression");
        return variables.Compile(source, MutationTypes.ResultOf(type));
    }
}

/// <summary>A mutation that cannot be carried out: the failure policy decides.</summary>
internal sealed class MutationException(string message) : Exception(message);
