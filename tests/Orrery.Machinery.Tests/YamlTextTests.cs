using System.Text;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Tests;

public sealed class YamlTextTests
{
    [Fact]
    public void From_AnObject_IsWhatKubernetesWrites() => Assert.Equal(
        "a:\n- 1\n- x: \"yes\"\n  z: null\n- {}\nb: []\nc: |\n  one\n  two\nd: plain text\ne: \"2026-01-01\"\nf: 1.5\n",
        Text("""{"d":"plain text","b":[],"a":[1,{"z":null,"x":"yes"},{}],"c":"one\ntwo\n","e":"2026-01-01","f":1.5}"""));

    [Theory]
    [InlineData("true")]
    [InlineData("0644")]
    [InlineData("1e3")]
    [InlineData("")]
    [InlineData("~")]
    [InlineData("- a")]
    [InlineData("a: b")]
    [InlineData("# no comment")]
    [InlineData(" space ")]
    [InlineData("tab\there")]
    [InlineData("a\n\n b\n")]
    [InlineData("\n leading")]
    [InlineData("é\u0001\"quoted\" 'both'")]
    [InlineData("{\"json\": [1]}")]
    [InlineData("@at `tick` %percent")]
    [InlineData("trailing \nspace ")]
    public void From_AnyString_ReadsBackAsItself(string text)
    {
        var json = new JsonObject { ["k"] = text, [text] = new JsonArray(text) };

        JsonNode? read = YamlJson.Parse(Text(json.ToJsonString()));

        Assert.True(JsonNode.DeepEquals(json, read), read?.ToJsonString());
    }

    private static string Text(string json) => Encoding.UTF8.GetString(YamlText.From(Encoding.UTF8.GetBytes(json)));
}
