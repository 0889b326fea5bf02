using System.Text.Json.Nodes;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Cel;

namespace Orrery.Machinery.Tests.Admission;

public sealed class PolicyBudgetTests
{
    private static readonly string List = "[" + string.Join(',', Enumerable.Range(0, 250)) + "]";
    private static readonly string Dear = $"{List}.all(a, {List}.all(b, a + b >= 0))";

    /// <summary>What was found before the budget was spent does not count.</summary>
    [Fact]
    public void Validations_ThatSpendAll_AreOneRefusal()
    {
        PolicyVerdict verdict = Judge([Validation("false"), .. Enumerable.Repeat(Validation(Dear), 60)], []);

        PolicyDenial denial = Assert.Single(verdict.Denials);
        Assert.Equal((0, true, "validation failed due to running out of cost budget, no further validation rules will be run"), (denial.Index, denial.IsError, denial.Message));
    }

    /// <summary>Annotations have a budget of their own.</summary>
    [Fact]
    public void Annotations_AfterDearValidations_AreWorkedOut()
    {
        // Either fits; both together would not.
        PolicyVerdict verdict = Judge(
            Enumerable.Repeat(Validation(Dear), 15),
            Enumerable.Range(0, 15).Select(i => new JsonObject { ["key"] = $"k{i}", ["valueExpression"] = $"{Dear} ? 'all' : 'some'" }));

        Assert.Empty(verdict.Denials);
        Assert.Equal(Enumerable.Range(0, 15).Select(i => ($"k{i}", "all")), verdict.Annotations);
        Assert.Equal(0, Assert.Single(Judge(Enumerable.Repeat(Validation(Dear), 30), []).Denials).Index);
    }

    private static JsonObject Validation(string expression) => new() { ["expression"] = expression };

    private static PolicyVerdict Judge(IEnumerable<JsonObject> validations, IEnumerable<JsonObject> annotations) =>
        ValidatingPolicy.Compile(new JsonObject { ["validations"] = Of(validations), ["auditAnnotations"] = Of(annotations) }).Evaluate(
            new AdmissionInput { Object = [], Request = [], Authorizer = new Nobody(), RequestResource = new CelAccess() }, TestContext.Current.CancellationToken);

    private static JsonArray Of(IEnumerable<JsonObject> items) => [.. items.Select(i => i.DeepClone())];

    private sealed class Nobody : ICelAuthorizer
    {
        public CelAccessDecision Check(CelAccess access) => throw new InvalidOperationException("nobody is asked");
    }
}
