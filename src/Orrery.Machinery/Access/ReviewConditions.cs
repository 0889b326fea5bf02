using System.Text.Json.Nodes;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Cel;

namespace Orrery.Machinery.Access;

/// <summary>
/// The <c>matchConditions</c> of an authorization webhook, compiled once: which reviews it is asked (apiserver <c>pkg/authorization/cel</c>).
/// They speak of <c>request</c>, the spec of a SubjectAccessReview.
/// </summary>
public sealed class ReviewConditions
{
    private static readonly CelType Requirement = Object("kubernetes.SelectorRequirement", ("key", CelType.String), ("operator", CelType.String), ("values", CelType.List(CelType.String)));
    private static readonly CelType Selector = Object("kubernetes.SelectorAttributes", ("rawSelector", CelType.String), ("requirements", CelType.List(Requirement)));

    private static readonly CelType Request = Object(
        "kubernetes.SubjectAccessReviewSpec",
        ("resourceAttributes", Object(
            "kubernetes.ResourceAttributes",
            ("namespace", CelType.String), ("verb", CelType.String), ("group", CelType.String), ("version", CelType.String), ("resource", CelType.String), ("subresource", CelType.String),
            ("name", CelType.String), ("fieldSelector", Selector), ("labelSelector", Selector))),
        ("nonResourceAttributes", Object("kubernetes.NonResourceAttributes", ("path", CelType.String), ("verb", CelType.String))),
        ("user", CelType.String), ("groups", CelType.List(CelType.String)), ("extra", CelType.Map(CelType.String, CelType.List(CelType.String))), ("uid", CelType.String));

    private readonly PolicyExpression[] expressions;

    private ReviewConditions(PolicyExpression[] expressions) => this.expressions = expressions;

    /// <summary>Nothing is asked of a review.</summary>
    public bool IsEmpty => expressions.Length == 0;

    /// <param name="fault">Why one of them cannot be run, and which; null when all can.</param>
    public static ReviewConditions Compile(IReadOnlyList<string> sources, out (int Index, string Why)? fault)
    {
        var types = new Dictionary<string, CelType>(StringComparer.Ordinal) { ["request"] = Request };
        PolicyExpression[] compiled = [.. sources.Select(source => PolicyExpression.Compile(source, types, CelDialect.Rules, CelType.Bool))];
        int bad = Array.FindIndex(compiled, e => e.Fault is not null);
        fault = bad < 0 ? null : (bad, compiled[bad].Fault!);
        return new ReviewConditions(compiled);
    }

    /// <summary>One condition that is false outweighs any that failed.</summary>
    /// <param name="spec">Of a SubjectAccessReview, with every text of an attribute that it has, also an empty one.</param>
    public MatchOutcome Evaluate(JsonObject spec, CancellationToken cancellation) => MatchConditions.All(
        expressions, new Dictionary<string, object?>(StringComparer.Ordinal) { ["request"] = CelValues.FromJson(spec, Request) }, "cel evaluation error: ", cancellation);

    private static CelType Object(string name, params ReadOnlySpan<(string Name, CelType Type)> fields)
    {
        var known = new Dictionary<string, CelField>(StringComparer.Ordinal);
        foreach ((string field, CelType type) in fields)
        {
            known[field] = new CelField(field, type);
        }

        return CelType.Object(name, known);
    }
}
