using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Tests.Kinds;

public sealed class PriorityLevelRuleTests
{
    private static readonly GroupVersionKind Kind = new("flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfiguration");

    [Theory]
    [InlineData("mine", """{"type":"Exempt"}""", "spec.type")]
    [InlineData("mine", """{"type":"Limited"}""", "spec.limited")]
    [InlineData("mine", """{"type":"Limited","limited":{"limitResponse":{"type":"Queue"}}}""", "spec.limited.limitResponse.queuing")]
    [InlineData("mine", """{"type":"Limited","limited":{"limitResponse":{"type":"Reject","queuing":{}}}}""", "spec.limited.limitResponse.queuing")]
    [InlineData("mine", """{"type":"Limited","limited":{"lendablePercent":101,"limitResponse":{"type":"Reject"}}}""", "spec.limited.lendablePercent")]
    [InlineData("mine", """{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":512,"handSize":10}}}}""", "spec.limited.limitResponse.queuing.handSize")]
    [InlineData("mine", """{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":4,"handSize":8}}}}""", "spec.limited.limitResponse.queuing.handSize")]
    [InlineData("catch-all", """{"type":"Limited","limited":{"nominalConcurrencyShares":7,"limitResponse":{"type":"Reject"}}}""", "spec")]
    public void ValidateCreate_AFaultyLevel_NamesTheField(string name, string spec, string field) => Assert.Equal([field], Faults(name, spec));

    [Theory]
    [InlineData("mine", """{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{}}}}""")]
    [InlineData("exempt", """{"type":"Exempt","exempt":{"nominalConcurrencyShares":3}}""")]
    [InlineData("catch-all", """{"type":"Limited","limited":{"nominalConcurrencyShares":5,"limitResponse":{"type":"Reject"}}}""")]
    public void ValidateCreate_ASoundLevel_FindsNothing(string name, string spec) => Assert.Empty(Faults(name, spec));

    private static IEnumerable<string> Faults(string name, string spec)
    {
        var level = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = JsonNode.Parse(spec) };
        KindRules.Default(Kind, level);
        return KindRules.ValidateCreate(Kind, level, isNamespaced: false).Select(e => e.Field);
    }
}
