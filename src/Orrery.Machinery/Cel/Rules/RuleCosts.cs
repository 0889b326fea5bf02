using System.Globalization;
using Orrery.Api;

namespace Orrery.Machinery.Cel.Rules;

/// <summary>Refuses rules that could cost too much, when they are defined (apiextensions <c>pkg/apis/apiextensions/validation</c>).</summary>
/// <param name="root">Where the whole schema stands.</param>
internal sealed class RuleCosts(string root)
{
    /// <summary>What one expression may be estimated to cost, over all places where its value can stand (StaticEstimatedCostLimit).</summary>
    private const double MostOfOne = 10_000_000;

    /// <summary>What all expressions of a schema may (StaticEstimatedCRDCostLimit).</summary>
    private const double MostOfAll = 100_000_000;

    private const string Hint = " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";

    private readonly List<(string Path, double Cost)> known = [];

    /// <param name="most">How often the rule can be run for one object.</param>
    public void Judge(ValidationRule rule, string path, double most, List<FieldError> errors)
    {
        Judge(rule.Program, path + ".rule", "estimated rule cost", most, errors);
        Judge(rule.MessageProgram, path + ".messageExpression", "estimated messageExpression cost", most, errors);
    }

    public void JudgeTotal(List<FieldError> errors)
    {
        double total = known.Sum(k => k.Cost);
        if (total <= MostOfAll)
        {
            return;
        }

        foreach ((string path, double cost) in known.Where(k => k.Cost > MostOfAll / 100).OrderByDescending(k => k.Cost).Take(4))
        {
            errors.Add(FieldError.Forbidden(path, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"));
        }

        errors.Add(FieldError.Forbidden(root, Exceeds("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", total, MostOfAll)));
    }

    private void Judge(CelProgram? program, string path, string what, double most, List<FieldError> errors)
    {
        if (program is null)
        {
            return;
        }

        double cost = program.EstimateCost() * most;
        known.Add((path, cost));
        if (cost > MostOfOne)
        {
            errors.Add(FieldError.Forbidden(path, Exceeds(what, cost, MostOfOne)));
        }
    }

    private static string Exceeds(string what, double cost, double limit)
    {
        double factor = cost / limit;
        string shown = factor > 100 ? "more than 100x" : factor.ToString(factor < 1.5 ? "F6" : "F1", CultureInfo.InvariantCulture) + "x";
        return $"{what} exceeds budget by factor of {shown}{Hint}";
    }
}
