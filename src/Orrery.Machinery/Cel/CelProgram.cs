namespace Orrery.Machinery.Cel;

/// <summary>A compiled expression. Immutable; any number of evaluations may run at once.</summary>
public sealed class CelProgram
{
    private readonly Expr expression;

    private CelProgram(string source, Expr expression)
    {
        Source = source;
        this.expression = expression;
    }

    public string Source { get; }

    public CelType ResultType => expression.Type;

    /// <param name="variables">Names and types that the expression may use.</param>
    /// <param name="container">Namespace in which names are looked for first; Kubernetes has none.</param>
    /// <exception cref="CelCompileException">With every fault that was found.</exception>
    public static CelProgram Compile(string source, IReadOnlyDictionary<string, CelType> variables, string container = "", CelDialect dialect = CelDialect.Rules) =>
        Compile(source, variables, container, isChecked: true, dialect);

    /// <summary>Without the checker's word: faults of types come out when it runs.</summary>
    internal static CelProgram Compile(string source, IReadOnlyDictionary<string, CelType> variables, string container, bool isChecked, CelDialect dialect = CelDialect.Rules)
    {
        Expr expression = Parser.Parse(source);
        var checker = new Checker(variables, container, dialect);
        checker.Check(expression);
        checker.Finish(expression);
        return isChecked && checker.Issues.Count > 0 ? throw new CelCompileException(source, checker.Issues) : new CelProgram(source, expression);
    }

    /// <summary>The value, or a <see cref="CelError"/>.</summary>
    /// <exception cref="CelBudgetException">It costs more than <paramref name="budget"/> has left.</exception>
    public object? Evaluate(IReadOnlyDictionary<string, object?> variables, CelBudget budget, CancellationToken cancellation) =>
        new Evaluator(variables, budget, cancellation).Evaluate(expression);

    /// <summary>What it may cost at most, told from its types alone.</summary>
    internal double EstimateCost() => CostEstimates.Of(expression);

    /// <summary>Whether a variable is named anywhere (<c>oldSelf</c> makes a rule one of transitions).</summary>
    internal bool Uses(string variable) => Uses(expression, variable);

    private static bool Uses(Expr? at, string name) => at switch
    {
        Identifier identifier => identifier.Variable == "." + name,
        Select select => select.Qualified is { } q ? Uses(q, name) : Uses(select.Operand, name),
        Call call => Uses(call.Target, name) || call.Arguments.Any(a => Uses(a, name)),
        ListOf list => list.Items.Any(i => Uses(i.Value, name)),
        MapOf map => map.Entries.Any(e => Uses(e.Key, name) || Uses(e.Value, name)),
        Fold fold => Uses(fold.Range, name) || Uses(fold.Predicate, name) || Uses(fold.Transform, name),
        OptionalMap map => Uses(map.Target, name) || Uses(map.Body, name),
        MessageOf message => message.Fields.Any(f => Uses(f.Value, name)),
        _ => false,
    };
}
