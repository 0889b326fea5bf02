using System.Text.Json.Nodes;

namespace Orrery.Api.Tests;

public sealed class JsonComparisonTests
{
    [Theory]
    [InlineData("""{"a": 1}""", """{"a": 1}""", true)]
    [InlineData("""{"a": 1, "b": null}""", """{"a": 1}""", true)]
    [InlineData("""{"a": 1}""", """{"a": 1, "b": {}}""", true)]
    [InlineData("""{"a": 1, "b": 2}""", """{"a": 1}""", false)]
    [InlineData("""{"a": 1}""", """{"a": 1, "b": 2}""", false)]
    [InlineData("""{"a": [{"b": null}]}""", """{"a": [{}]}""", true)]
    [InlineData("""{"a": [1, 2]}""", """{"a": [2, 1]}""", false)]
    [InlineData("""{"a": "1"}""", """{"a": 1}""", false)]
    [InlineData("""{"a": 1.0}""", """{"a": 1}""", true)]
    [InlineData("""{"a": 1}""", """{"a": "1"}""", false)]
    [InlineData("""{"a": "\u0041\n"}""", """{"a": "A\u000a"}""", true)]
    [InlineData("""{"a": "x"}""", """{"a": "X"}""", false)]
    [InlineData("""{"a": ""}""", """{}""", false)]
    public void IsSame_AbsentNullAndEmpty_AreOne(string present, string wanted, bool expected) =>
        Assert.Equal(expected, JsonComparison.IsSame(KubeObject.From(JsonNode.Parse(present)!).Json, JsonNode.Parse(wanted)));

    [Theory]
    [InlineData("""["get", "\u006cist"]""", true)]
    [InlineData("""["get", "List"]""", false)]
    [InlineData("""["get", null]""", false)]
    [InlineData("""["get"]""", false)]
    [InlineData("""["get", "list", "watch"]""", false)]
    public void IsSame_TextsThatWereMadeHere_AreHeldAgainstWhatWasRead(string present, bool expected) =>
        Assert.Equal(expected, JsonComparison.IsSame(KubeObject.From(new JsonObject { ["a"] = JsonNode.Parse(present) }).Json, new JsonObject { ["a"] = new JsonArray("get", "list") }));

    [Fact]
    public void IsSame_NothingPresent_IsLikeEmpty()
    {
        Assert.True(JsonComparison.IsSame(null, new JsonObject()));
        Assert.False(JsonComparison.IsSame(null, new JsonObject { ["a"] = 1 }));
    }
}
