namespace Orrery.Machinery.Cel;

/// <summary>A compiled expression. Immutable; any number of evaluations may run at once.</summary>
public sealed class CelProgram
{
    private readonly Expr expression;

    /// <summary>Of the variable that a rule of a schema is about; null in any other expression.</summary>
    private readonly CelType? self;

    private readonly bool isPlain;

    private CelProgram(string source, Expr expression, CelType? self, bool isPlain)
    {
        this.self = self;
        this.isPlain = isPlain;
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
        if (isChecked && checker.Issues.Count == 0 && dialect != CelDialect.Plain)
        {
            checker.Issues.AddRange(LiteralChecks.FaultsOf(expression));
        }

        return isChecked && checker.Issues.Count > 0 ? throw new CelCompileException(source, checker.Issues) : new CelProgram(source, expression, variables.GetValueOrDefault("self"), dialect == CelDialect.Plain);
    }

    /// <summary>The value, or a <see cref="CelError"/>.</summary>
    /// <exception cref="CelBudgetException">It costs more than <paramref name="budget"/> has left.</exception>
    public object? Evaluate(IReadOnlyDictionary<string, object?> variables, CelBudget budget, CancellationToken cancellation) =>
        new Evaluator(variables, budget, isPlain, cancellation).Evaluate(expression);

    /// <summary>What it may cost at most, told from its types alone.</summary>
    internal double EstimateCost() => CostEstimates.Of(expression, self);

    /// <summary>Whether a variable is named anywhere (<c>oldSelf</c> makes a rule one of transitions).</summary>
    internal bool Uses(string variable) => Holds(expression, at => IsVariable(at, variable));

    /// <summary>Whether a member of a variable is named anywhere: <c>claims.email</c>, <c>claims.?email</c>, <c>has(claims.email)</c> or by an index.</summary>
    internal bool Reads(string variable, string member) => Holds(expression, at => at switch
    {
        Select select => select.Field == member && IsVariable(select.Operand, variable),
        Call { Function: "_[_]" or "_[?_]", Arguments: [var of, Literal { Value: string key }] } => key == member && IsVariable(of, variable),
        _ => false,
    });

    private static bool IsVariable(Expr at, string name) => at is Identifier identifier && identifier.Variable == "." + name;

    private static bool Holds(Expr at, Predicate<Expr> wanted) => wanted(at) || LiteralChecks.PartsOf(at).Any(part => Holds(part, wanted));
}
