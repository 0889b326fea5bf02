using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Patches;

namespace Orrery.Machinery.Tests.Patches;

public sealed class MergePatchTests
{
    // The object cases of RFC 7386, appendix A.
    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", "{}")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("{}", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    public void Apply_RfcExample_Agrees(string target, string patch, string result) =>
        Assert.Equal(result, MergePatch.Apply(JsonNode.Parse(target)!.AsObject(), JsonNode.Parse(patch)!.AsObject()).ToJsonString());

    [Fact]
    public void Apply_Patch_IsLeftAlone()
    {
        JsonObject patch = JsonNode.Parse("""{"a":{"b":[1]}}""")!.AsObject();
        JsonObject result = MergePatch.Apply([], patch);
        result["a"]!["b"]!.AsArray().Add(2);
        Assert.Equal("""{"a":{"b":[1]}}""", patch.ToJsonString());
    }

    [Fact]
    public void Decode_List_IsBadRequest()
    {
        var e = Assert.Throws<StatusException>(() => MergePatch.Decode(new JsonArray()));
        Assert.Equal((400, "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"), (e.Code, e.Message));
    }
}
