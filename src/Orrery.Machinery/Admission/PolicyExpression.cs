using Orrery.Machinery.Cel;

namespace Orrery.Machinery.Admission;

/// <summary>One expression of a policy: compiled, or why it is not.</summary>
internal sealed class PolicyExpression
{
    private readonly CelProgram? program;

    private PolicyExpression(string source, CelProgram? program, string? fault)
    {
        Source = source;
        this.program = program;
        Fault = fault;
    }

    public string Source { get; }

    /// <summary>Null when it can be run.</summary>
    public string? Fault { get; }

    public CelType ResultType => program?.ResultType ?? CelType.Dyn;

    /// <param name="wanted">Types that it may come to; none: any.</param>
    public static PolicyExpression Compile(string source, IReadOnlyDictionary<string, CelType> variables, CelDialect dialect, params ReadOnlySpan<CelType> wanted)
    {
        CelProgram program;
        try
        {
            program = CelProgram.Compile(source, variables, dialect: dialect);
        }
        catch (CelCompileException fault)
        {
            return new PolicyExpression(source, null, "compilation failed: " + fault.Message);
        }

        if (wanted.IsEmpty || wanted.Contains(program.ResultType))
        {
            return new PolicyExpression(source, program, null);
        }

        // What may come to anything is none of them (apiserver pkg/admission/plugin/cel/compile.go): whoever means a bool says so, as by "== true".
        string names = string.Join(" ", wanted.ToArray().Select(t => t.ToString()));
        return new PolicyExpression(source, null, $"must evaluate to {(wanted.Length == 1 ? names : $"one of [{names}]")} but got {program.ResultType}");
    }

    /// <summary>The value, or a <see cref="CelError"/>; one that cannot be run or costs too much is an error too.</summary>
    /// <param name="budget">What is left of the policy's.</param>
    /// <exception cref="CelBudgetException">The policy's budget is spent.</exception>
    public object? Evaluate(IReadOnlyDictionary<string, object?> variables, PolicyBudget budget, CancellationToken cancellation)
    {
        if (program is null)
        {
            return new CelError(Fault!);
        }

        try
        {
            return program.Evaluate(variables, new CelBudget(CelBudget.PerExpression, budget.Left), cancellation);
        }
        catch (CelBudgetException spent) when (!budget.IsSpent)
        {
            return new CelError(spent.Message);
        }
    }
}

/// <summary>What all expressions of one policy may cost for one request.</summary>
internal sealed class PolicyBudget(long limit)
{
    /// <summary>For match conditions (upstream's RuntimeCELCostBudgetMatchConditions).</summary>
    public const long ForConditions = 2_500_000;

    public const string SpentMessage = "validation failed due to running out of cost budget, no further validation rules will be run";

    public CelBudget Left { get; } = new(limit);

    public bool IsSpent => Left.Spent > limit;
}
