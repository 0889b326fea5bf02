using System.Text.Json.Nodes;
using Orrery.Machinery.Cel;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Admission;

/// <summary>The variables of a policy: each may use those before it, and is worked out when it is first used.</summary>
internal sealed class PolicyVariables
{
    private readonly Dictionary<string, PolicyExpression> expressions = new(StringComparer.Ordinal);
    private readonly CelType type;

    /// <param name="fields">Grows as variables are compiled, so that each sees those before it.</param>
    private PolicyVariables(Dictionary<string, CelType> types, Dictionary<string, CelField> fields, CelDialect dialect)
    {
        type = CelType.Object("kubernetes.variables", fields);
        Types = new Dictionary<string, CelType>(types, StringComparer.Ordinal) { ["variables"] = type };
        Dialect = dialect;
    }

    /// <summary>Names and types that expressions of the policy may use, <c>variables</c> included.</summary>
    public IReadOnlyDictionary<string, CelType> Types { get; }

    public CelDialect Dialect { get; }

    /// <summary>In their order, for whoever reports their faults.</summary>
    public List<PolicyExpression> All { get; } = [];

    public static PolicyVariables Compile(JsonObject spec, Dictionary<string, CelType> types, CelDialect dialect)
    {
        var fields = new Dictionary<string, CelField>(StringComparer.Ordinal);
        var variables = new PolicyVariables(types, fields, dialect);
        foreach (JsonObject item in spec.Items("variables"))
        {
            PolicyExpression expression = PolicyExpression.Compile(item.Text("expression"), variables.Types, dialect);
            variables.All.Add(expression);
            fields[item.Text("name")] = new CelField(item.Text("name"), expression.ResultType);
            variables.expressions[item.Text("name")] = expression;
        }

        return variables;
    }

    public PolicyExpression Compile(string source, params ReadOnlySpan<CelType> wanted) => PolicyExpression.Compile(source, Types, Dialect, wanted);

    /// <summary>A message does not ask the authorizer.</summary>
    public PolicyExpression CompileMessage(string source) =>
        PolicyExpression.Compile(source, Types.Where(t => !t.Key.StartsWith("authorizer", StringComparison.Ordinal)).ToDictionary(), Dialect, CelType.String);

    /// <summary>The values that expressions see.</summary>
    public Dictionary<string, object?> Values(AdmissionInput input, PolicyBudget budget, CancellationToken cancellation)
    {
        Dictionary<string, object?> values = AdmissionVariables.Values(input);
        values["variables"] = new CelLazyMap(type, name => expressions[name].Evaluate(values, budget, cancellation) switch
        {
            CelError error => new CelError($"composited variable \"{name}\" fails to evaluate: {error.Message}"),
            var value => value,
        });
        return values;
    }
}
