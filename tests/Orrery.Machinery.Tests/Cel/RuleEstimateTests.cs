using System.Text.Json.Nodes;
using Orrery.Machinery.Cel.Rules;
using Orrery.Machinery.Schemas;
using Orrery.Machinery.Schemas.Definitions;

namespace Orrery.Machinery.Tests.Cel;

/// <summary>What a rule may cost at most is told to the unit as upstream's estimator tells it: each figure was asked of it (0.36.4).</summary>
public sealed class RuleEstimateTests
{
    private const string Text = """{"type":"string","maxLength":10}""", Texts = """{"type":"array","maxItems":10,"items":{"type":"string","maxLength":10}}""", Numbers = """{"type":"array","maxItems":10,"items":{"type":"integer"}}""";
    private const string Map = """{"type":"object","maxProperties":10,"additionalProperties":{"type":"string","maxLength":10}}""";
    private const string Pair = """{"type":"object","properties":{"a":{"type":"string","maxLength":10},"b":{"type":"string","maxLength":10},"n":{"type":"integer"}}}""";

    [Theory]
    [InlineData(Text, "self.lowerAscii() == 'lower!'", 6)]
    [InlineData(Text, "self.trim() == 'x'", 6)]
    [InlineData(Text, "self.replace('a', 'bb') == 'x'", 10)]
    [InlineData(Text, "self.split(',') == []", 19)]
    [InlineData(Text, "self.matches('')", 1)]
    [InlineData(Text, "self.matches('abcde')", 11)]
    [InlineData(Text, "isQuantity(self)", 5)]
    [InlineData(Text, "quantity(self).isInteger()", 6)]
    [InlineData(Text, "url(self).getHost() == 'x'", 7)]
    [InlineData(Text, "isIP(self)", 5)]
    [InlineData(Text, "cidr('10.0.0.0/8').containsIP(self)", 10)]
    [InlineData(Text, "!format.named('dns1123Label').value().validate(self).hasValue()", 133)]
    [InlineData(Text, "bytes(self).size() > 0", 7)]
    [InlineData(Texts, "self.join(' ') == 'aa bb'", 43)]
    [InlineData(Texts, "self.isSorted() == true", 52)]
    [InlineData(Texts, "self.max() == 'a'", 52)]
    [InlineData(Texts, "self.exists(t, t == 'a')", 62)]
    [InlineData(Texts, "self.filter(t, t == 'a').size() == 1", 164)]
    [InlineData(Texts, "'a' in self", 11)]
    [InlineData(Numbers, "self.sum() == 10", 12)]
    [InlineData(Numbers, "self.isSorted()", 11)]
    [InlineData(Numbers, "self.exists_one(n, n == 3)", 33)]
    [InlineData(Numbers, "self.all(n, n < 3)", 52)]
    [InlineData(Numbers, "self[1] == 3", 2)]
    [InlineData(Map, "self.all(k, k.contains(self[k]))", 72)]
    [InlineData(Pair, "self.n == 1 && 1 == self.n", 4)]
    [InlineData(Pair, "type(self.n) == int", 4)]
    [InlineData(Pair, "self.a + self.b == 'x'", 13)]
    [InlineData(Pair, "(self.n > 1 ? self.a : self.b) == 'xy'", 6)]
    [InlineData(Pair, "optional.of(self.a).optMap(v, v == 'value').hasValue()", 31)]
    [InlineData("""{"type":"object","properties":{"t":{"type":"string","format":"date-time"},"d":{"type":"string","format":"duration"}}}""", "self.t == self.t && self.d == self.d", 16)]
    [InlineData("""{"type":"object","properties":{"e":{"type":"string","enum":["A","LongValue"]}}}""", "self.e.contains('A')", 3)]
    [InlineData("""{"x-kubernetes-int-or-string":true,"maxLength":20}""", "isQuantity(self)", 9)]
    public void Estimate_OfARule_IsUpstreams(string schema, string rule, double cost)
    {
        JsonObject json = JsonNode.Parse(schema)!.AsObject();
        json["x-kubernetes-validations"] = new JsonArray(new JsonObject { ["rule"] = rule });
        ValidationRule compiled = ValidationRule.Of(CustomSchema.Read(json, json), isRoot: false)[0];

        Assert.Equal((null, cost), (compiled.Fault, compiled.Program?.EstimateCost()));
    }

    /// <summary>How often a value can stand in one request depends on how short it can be.</summary>
    [Theory]
    [InlineData("duration", 2359295)]
    [InlineData("date-time", 428963)]
    public void Estimate_OfAListWithoutABound_IsOfAsManyAsFitIntoARequest(string format, double cost)
    {
        JsonObject json = JsonNode.Parse($$$"""{"type":"array","items":{"type":"string","format":"{{{format}}}"},"x-kubernetes-validations":[{"rule":"self.all(x, true)"}]}""")!.AsObject();

        Assert.Equal(cost, ValidationRule.Of(CustomSchema.Read(json, json), isRoot: false)[0].Program!.EstimateCost());
    }
}
