using System.Globalization;
using System.Text;

namespace Orrery.Machinery.Cel;

/// <summary>One thing wrong with an expression.</summary>
/// <param name="Offset">Where, in UTF-16 units of the source.</param>
public sealed record CelIssue(int Offset, string Message)
{
    /// <summary>The issue with its line and a caret beneath the place.</summary>
    public string Show(string source)
    {
        int at = Math.Min(Offset, source.Length);
        int line = source.AsSpan(0, at).Count('\n') + 1;
        int start = at == 0 ? 0 : source.LastIndexOf('\n', at - 1) + 1;
        int end = source.IndexOf('\n', start);
        int column = source[start..at].EnumerateRunes().Count();
        string text = source[start..(end < 0 ? source.Length : end)];
        return $"ERROR: <input>:{line}:{column + 1}: {Message}\n | {text}\n | {new string('.', column)}^";
    }
}

/// <summary>An expression that cannot be run: its syntax, names or types are wrong.</summary>
public sealed class CelCompileException(string source, IReadOnlyList<CelIssue> issues) : Exception(Text(source, issues))
{
    /// <summary>No more faults than these are shown (cel-go's <c>common/errors.go</c>): each comes with the line that it is in.</summary>
    private const int MostShown = 100;

    public IReadOnlyList<CelIssue> Issues { get; } = issues;

    private static string Text(string source, IReadOnlyList<CelIssue> issues)
    {
        var text = new StringBuilder();
        foreach (CelIssue issue in issues.OrderBy(i => i.Offset).Take(MostShown))
        {
            text.Append(text.Length > 0 ? "\n" : "").Append(issue.Show(source));
        }

        return issues.Count > MostShown ? text.Append(CultureInfo.InvariantCulture, $"\n{issues.Count - MostShown} more errors were truncated").ToString() : text.ToString();
    }
}

/// <summary>The expression asked for more work than it may.</summary>
public sealed class CelBudgetException() : Exception("operation cancelled: actual cost limit exceeded");

/// <summary>A failed evaluation as a value: <c>&amp;&amp;</c> and <c>||</c> may still absorb it.</summary>
public sealed record CelError(string Message)
{
    internal static readonly CelError NoOverload = new("no such overload");

    internal static CelError NoKey(object? key) => new($"no such key: {CelText.Plain(key)}");
}

/// <summary>How much work evaluation may still do; one for all expressions of a request, or one per expression with a parent.</summary>
public sealed class CelBudget(long limit, CelBudget? parent = null)
{
    /// <summary>What one expression may cost (upstream's PerCallLimit).</summary>
    public const long PerExpression = 1_000_000;

    /// <summary>What all expressions of a request may cost (upstream's RuntimeCELCostBudget).</summary>
    public const long PerRequest = 10_000_000;

    public long Spent { get; private set; }

    /// <exception cref="CelBudgetException">The limit is passed.</exception>
    public void Charge(long cost)
    {
        Spent = cost > long.MaxValue - Spent ? long.MaxValue : Spent + cost;
        if (Spent > limit)
        {
            throw new CelBudgetException();
        }

        parent?.Charge(cost);
    }
}
