using System.Text.Json.Nodes;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Cel;
using Orrery.Machinery.Cel.Rules;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Cel;

/// <summary>Expressions that are short and would take hours, all of the memory or all of the stack: each must be stopped by what it costs.</summary>
public sealed class HostileExpressionTests
{
    [Theory]
    [InlineData("size([[1]]{40}.flatten(99)) > 0")]
    [InlineData("size('%s'.format([[[1]]{40}])) > 0")]
    [InlineData("[[1]]{40} in [[[1]]{40}]")]
    [InlineData("[[[1]]{40}].distinct().size() == 1")]
    [InlineData("dyn([[1]]{40}) == dyn([[1]]{40})")]
    [InlineData("sets.contains([[[1]]{40}], [[[1]]{40}])")]
    [InlineData("[[[1]]{40}].indexOf([[1]]{40}) == 0")]
    public void Evaluate_ListThatStandsInItselfManyTimes_CostsAllThatIsWithin(string expression) =>
        Assert.Throws<CelBudgetException>(() => Run(expression.Replace("{40}", string.Concat(Enumerable.Repeat(".map(x, [x, x])", 40)), StringComparison.Ordinal)));

    [Theory]
    [InlineData("[t + 'b'].all(x, [t + 'b'].all(y, lists.range(20000).map(i, i % 2 == 0 ? x : y).sort().size() > 0))")]
    [InlineData("[t + 'b'].all(x, [t + 'b'].all(y, lists.range(20000).map(i, i % 2 == 0 ? x : y).sortBy(e, e).size() > 0))")]
    [InlineData("size(lists.range(20000).map(i, '').join(t)) > 0")]
    [InlineData("sets.intersects(lists.range(20000), lists.range(20000).map(i, i + 30000))")]
    [InlineData("lists.range(1000000).size() > 0")]
    [InlineData("t.findAll('a*b|a').size() > 0")]
    [InlineData("(t + t + t).matches('[ab]*a[ab]{400}c')")]
    [InlineData("(t + t + t).split(t + 'c' + t).size() > 0")]
    [InlineData("(t + t + t).replace(t + 'c' + t, 'x').size() > 0")]
    [InlineData("[url('http://h/?' + t)].all(u, lists.range(1000).all(i, u.getQuery().size() > 0))")]
    [InlineData("lists.range(900).map(i, '%.999f%.999f%.999f%.999f%.999f%.999f%.999f%.999f%.999f%.999f%.999f%.999f'.format([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])).size() > 0")]
    public void Evaluate_MoreWorkThanTheTextsAreLong_IsStopped(string expression) => Assert.Throws<CelBudgetException>(() => Run(expression, new string('a', 150_000)));

    [Theory]
    [InlineData("duration(t) == duration('1s')", "time: invalid duration \"{t}\"")]
    [InlineData("semver('1.0.0-' + t).isLessThan(semver('1.0.0-' + t))", "")]
    [InlineData("quantity(t).isLessThan(quantity(t))", "")]
    [InlineData("lists.range(20000).transformMapEntry(i, v, {v * 4294967297: 1}).size() == 1", "")]
    public void Evaluate_LongNumbers_AreReadInOneGo(string expression, string fault)
    {
        string digits = new('7', 300_000);

        Assert.Equal(fault.Length == 0 ? (object)false : new CelError(fault.Replace("{t}", digits, StringComparison.Ordinal)), Run(expression, digits));
    }

    [Theory]
    [InlineData("duration('1h30m0.5s') == duration('5400500ms') && duration('-1.5h') == duration('-90m') && duration('+2us') == duration('2000ns') && duration('.5s') == duration('0.5s')")]
    [InlineData("duration('0') == duration('0s') && duration('9223372036s') > duration('1h') && duration('-9223372036s') < duration('0')")]
    public void Evaluate_Durations_AreGos(string expression) => Assert.Equal(true, Run(expression));

    [Theory]
    [InlineData("1h0", "time: invalid duration \"1h0\"")]
    [InlineData("1", "time: invalid duration \"1\"")]
    [InlineData("", "time: invalid duration \"\"")]
    [InlineData("s", "time: invalid duration \"s\"")]
    [InlineData("1hour", "time: invalid duration \"1hour\"")]
    [InlineData("9999999h", "duration overflow")]
    [InlineData("9223372036854775808ns", "duration overflow")]
    public void Evaluate_WhatIsNoDuration_IsAnError(string text, string fault) => Assert.Equal(new CelError(fault), Run("duration(t)", text));

    [Fact]
    public void Compile_TypeThatHoldsItselfTwiceAtEachStep_IsToldNoFurther()
    {
        string expression = $"[1]{string.Concat(Enumerable.Repeat(".map(x, {[x]: [x]})", 30))}{string.Concat(Enumerable.Repeat(".map(x, {x: x})", 30))}.size() == 1";

        CelProgram program = CelProgram.Compile(expression, new Dictionary<string, CelType>());

        Assert.Equal(CelType.Bool, program.ResultType);
    }

    [Fact]
    public void Compile_MoreFaultsThanAnyoneReads_AreCounted()
    {
        string message = Assert.Throws<CelCompileException>(() => Run($"[{string.Join(", ", Enumerable.Repeat("[1, 'a']", 250))}].size() == 1")).Message;

        Assert.Equal(100, message.Split("expected type 'int' but found 'string'").Length - 1);
        Assert.EndsWith("\n150 more errors were truncated", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_SumOfTexts_IsNone() =>
        Assert.Contains("found no matching overload for 'sum'", Assert.Throws<CelCompileException>(() => Run("['a'].sum() == 'a'")).Message, StringComparison.Ordinal);

    [Fact]
    public void Evaluate_TextsAboveTheBasicPlane_AreOrderedByCodePoint() =>
        Assert.Equal(true, Run("'\\uff5e' < '\\U0001F600' && 'a\\uffff' < 'a\\U00010000' && '\\ud7ff' < '\\U0001F600' && 'a' < 'ab'"));

    [Fact]
    public void Evaluate_VariablesThatBuildUponEachOther_EndBeforeTheStackDoes()
    {
        var spec = new JsonObject { ["variables"] = new JsonArray([.. Enumerable.Range(0, 3_000).Select(i => (JsonNode)new JsonObject { ["name"] = $"v{i}", ["expression"] = i == 0 ? "1" : $"1 + variables.v{i - 1}" })]) };
        var variables = PolicyVariables.Compile(spec, new Dictionary<string, CelType>(), CelDialect.Rules);
        PolicyExpression last = variables.Compile("variables.v2999 > 0");
        object? answer = null;

        // What a thread of the pool has, and less than Linux gives it.
        var thread = new Thread(() => answer = Evaluate(variables, last), 768 * 1024);
        thread.Start();
        thread.Join();

        Assert.Contains("actual cost limit exceeded", Assert.IsType<CelError>(answer).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("set", """{"type":"integer"}""", "self.s == oldSelf.s")]
    [InlineData("set", """{"type":"integer"}""", "size(self.s + oldSelf.s) == size(self.s)")]
    [InlineData("map", """{"type":"object","required":["k"],"properties":{"k":{"type":"integer"}}}""", "self.s == oldSelf.s")]
    [InlineData("map", """{"type":"object","required":["k"],"properties":{"k":{"type":"integer"}}}""", "size(self.s + oldSelf.s) == size(self.s)")]
    public void Validate_LargeListsInAnotherOrder_AreComparedByWhatTheyHold(string type, string items, string rule)
    {
        string keys = type == "map" ? """ "x-kubernetes-list-map-keys":["k"],""" : "";
        Schema schema = CustomSchema.Parse(JsonNode.Parse($$$"""{"type":"object","x-kubernetes-validations":[{"rule":"{{{rule}}}"}],"properties":{"s":{"type":"array",{{{keys}}}"x-kubernetes-list-type":"{{{type}}}","items":{{{items}}} } } }""")!.AsObject());
        JsonObject Object(IEnumerable<int> numbers) => new() { ["s"] = new JsonArray([.. numbers.Select(i => type == "map" ? new JsonObject { ["k"] = i } : (JsonNode)i)]) };

        Assert.Empty(RuleEvaluation.Validate(Object(Enumerable.Range(0, 30_000)), schema, Object(Enumerable.Range(0, 30_000).Reverse()), null, TestContext.Current.CancellationToken));
    }

    private static object? Evaluate(PolicyVariables variables, PolicyExpression expression)
    {
        var budget = new PolicyBudget(CelBudget.PerRequest);
        var input = new AdmissionInput { Object = [], Request = [], Authorizer = new Nobody(), RequestResource = new CelAccess() };
        return expression.Evaluate(variables.Values(input, budget, CancellationToken.None), budget, CancellationToken.None);
    }

    private sealed class Nobody : ICelAuthorizer
    {
        public CelAccessDecision Check(CelAccess access) => default;
    }

    private static object? Run(string expression, string? text = null) =>
        CelProgram.Compile(expression, new Dictionary<string, CelType> { ["t"] = CelType.String })
            .Evaluate(new Dictionary<string, object?> { ["t"] = text }, new CelBudget(CelBudget.PerExpression), TestContext.Current.CancellationToken);
}
