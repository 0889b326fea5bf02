using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Cel.Rules;

namespace Orrery.Machinery.Tests.Cel;

/// <summary>Rules that could cost too much are refused when they are defined.</summary>
public sealed class RuleCostTests
{
    private const string Hint = " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";

    [Theory]
    [InlineData("""{"type":"array","items":{"type":"string","x-kubernetes-validations":[{"rule":"self.contains('a')"}]}}""", "x.items.x-kubernetes-validations[0].rule", "more than 100x")]
    [InlineData("""{"type":"array","items":{"type":"string"},"x-kubernetes-validations":[{"rule":"self.all(a, self.exists(b, a == b))"}]}""", "x.x-kubernetes-validations[0].rule", "more than 100x")]
    [InlineData(
        """{"type":"array","maxItems":20,"items":{"type":"object","properties":{"m":{"type":"string","maxLength":4096},"c":{"type":"string","maxLength":4096}},"x-kubernetes-validations":[{"rule":"!self.m.contains(self.c)"}]}}""",
        "x.items.x-kubernetes-validations[0].rule", "5.4x")]
    public void Validate_ARuleThatIsTooExpensive_IsForbidden(string schema, string path, string factor)
    {
        FieldError error = Faults(schema).First(e => e.Detail.StartsWith("estimated", StringComparison.Ordinal));

        Assert.Equal((path, FieldErrorType.Forbidden, $"estimated rule cost exceeds budget by factor of {factor}{Hint}"), (error.Field, error.Type, error.Detail));
    }

    [Theory]
    [InlineData("""{"type":"array","maxItems":20,"items":{"type":"object","properties":{"m":{"type":"string","maxLength":1024},"c":{"type":"string","maxLength":1024}},"x-kubernetes-validations":[{"rule":"!self.m.contains(self.c)"}]}}""")]
    [InlineData("""{"type":"object","maxProperties":10000,"additionalProperties":{"type":"string","maxLength":2048,"x-kubernetes-validations":[{"rule":"self.contains('keyword')"}]}}""")]
    [InlineData("""{"type":"array","maxItems":64,"items":{"type":"string","maxLength":64},"x-kubernetes-validations":[{"rule":"self.all(a, self.exists_one(b, a == b))"}]}""")]
    [InlineData("""{"type":"array","items":{"type":"integer","x-kubernetes-validations":[{"rule":"self > 3"}]}}""")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"x-kubernetes-validations":[{"rule":"!has(self.a) || !has(self.b) || self.a <= self.b"}]}""")]
    [InlineData("""{"type":"array","maxItems":4,"items":{"type":"object","additionalProperties":{"type":"object","required":["sum"],"properties":{"sum":{"type":"number"}}}},"x-kubernetes-validations":[{"rule":"self.all(m, m.all(k, m[k].sum == m[k].sum))"}]}""")]
    public void Validate_ARuleWithinItsBounds_IsFine(string schema) => Assert.Empty(Faults(schema));

    [Fact]
    public void Validate_RulesThatAreTooExpensiveTogether_NameTheDearest()
    {
        JsonObject Map() => Parse("""{"type":"object","maxProperties":10000,"additionalProperties":{"type":"string","maxLength":2048,"x-kubernetes-validations":[{"rule":"self.contains('keyword')"}]}}""");
        var schema = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject(Enumerable.Range(0, 13).Select(i => KeyValuePair.Create($"m{i}", (JsonNode?)Map()))) };

        IReadOnlyList<FieldError> faults = RuleDefinitions.Validate(schema, "x", []);

        Assert.Equal(5, faults.Count);
        Assert.All(faults.Take(4), f => Assert.Equal("contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema", f.Detail));
        Assert.Equal(("x", "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of 1.067300x" + Hint), (faults[4].Field, faults[4].Detail));
    }

    private static IReadOnlyList<FieldError> Faults(string schema) => RuleDefinitions.Validate(Parse(schema), "x", []);

    private static JsonObject Parse(string schema) => JsonNode.Parse(schema)!.AsObject();
}
