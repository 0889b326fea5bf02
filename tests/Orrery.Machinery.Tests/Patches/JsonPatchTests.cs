using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Patches;
using Orrery.Machinery.Tests.Apply;

namespace Orrery.Machinery.Tests.Patches;

public sealed class JsonPatchTests
{
    [Theory]
    [InlineData("spec_tests.json", 17)]
    [InlineData("tests.json", 90)]
    public void Apply_PublicSuite_Agrees(string file, int atLeast)
    {
        var faults = new List<string>();
        int done = 0;
        foreach (JsonObject test in JsonNode.Parse(File.ReadAllText(Recorded.Shared($"json-patch/{file}")))!.AsArray().Cast<JsonObject>())
        {
            if (test.FlagAt("disabled") == true || test["patch"] is not JsonArray patch)
            {
                continue;
            }

            done++;
            string name = test.ToJsonString();
            try
            {
                JsonNode? result = JsonPatch.Apply(test["doc"]?.DeepClone(), patch);
                if (test.ContainsKey("error") || (test.ContainsKey("expected") && !JsonNode.DeepEquals(result, test["expected"])))
                {
                    faults.Add($"{name} gave {result?.ToJsonString()}");
                }
            }
            catch (StatusException e)
            {
                Assert.Equal(422, e.Code);
                if (!test.ContainsKey("error"))
                {
                    faults.Add($"{name} failed: {e.InnerException?.Message}");
                }
            }
        }

        Assert.Empty(faults);
        Assert.InRange(done, atLeast - 5, atLeast + 10);
    }

    /// <summary>Upstream's library takes a member that an object lacks for null, but where it is to be taken out (here also where it is to be copied); not so items of lists, nor what is within nothing.</summary>
    [Theory]
    [InlineData("""{"a":{}}""", """[{"op":"replace","path":"/a/b","value":1}]""", """{"a":{"b":1}}""")]
    [InlineData("""{"a":{}}""", """[{"op":"test","path":"/a/b","value":null}]""", """{"a":{}}""")]
    [InlineData("""{"a":{}}""", """[{"op":"test","path":"/a/b","value":1}]""", null)]
    [InlineData("""{"a":{}}""", """[{"op":"replace","path":"/b/c","value":1}]""", null)]
    [InlineData("""{"a":[]}""", """[{"op":"replace","path":"/a/0","value":1}]""", null)]
    [InlineData("""{"a":{}}""", """[{"op":"remove","path":"/a/b"}]""", null)]
    [InlineData("""{"a":{}}""", """[{"op":"move","from":"/a/b","path":"/c"}]""", null)]
    [InlineData("""{"a":{}}""", """[{"op":"remove","path":""}]""", null)]
    public void Apply_ToAMemberThatIsNotThere_IsAsUpstream(string document, string patch, string? expected)
    {
        if (expected is null)
        {
            Assert.Throws<StatusException>(() => JsonPatch.Apply(Json(document), List(patch)));
        }
        else
        {
            Assert.Equal(expected, JsonPatch.Apply(Json(document), List(patch))!.ToJsonString());
        }
    }

    [Fact]
    public void Apply_Fault_HidesTheReasonAsUpstream()
    {
        var e = Assert.Throws<StatusException>(() => JsonPatch.Apply(Json("{}"), List("""[{"op":"remove","path":"/data/nope"}]""")));
        Assert.Equal(
            """{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the server rejected our request due to an error in our request","reason":"Invalid","details":{},"code":422}""",
            e.Status.ToJson().ToJsonString());
    }

    [Fact]
    public void Apply_CopiesThatDouble_AreCutOff()
    {
        var patch = new JsonArray(new JsonObject { ["op"] = "add", ["path"] = "/a", ["value"] = new JsonArray(new string('x', 1000)) });
        for (int i = 0; i < 40; i++)
        {
            patch.Add((JsonNode)new JsonObject { ["op"] = "copy", ["from"] = "/a", ["path"] = "/a/-" });
        }

        Assert.Equal(422, Assert.Throws<StatusException>(() => JsonPatch.Apply(new JsonObject(), patch)).Code);
    }

    [Fact]
    public void Decode_Null_IsNoOperationAtAll() => Assert.Empty(JsonPatch.Decode(null));

    [Fact]
    public void Apply_MoveIntoItself_Fails() =>
        Assert.Equal(422, Assert.Throws<StatusException>(() => JsonPatch.Apply(Json("""{"a":{"b":1}}"""), List("""[{"op":"move","from":"/a","path":"/a/b/c"}]"""))).Code);

    [Theory]
    [InlineData("""{"op":"add"}""", "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp")]
    [InlineData("[1]", "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp")]
    [InlineData("""[{"op":1}]""", "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string")]
    [InlineData("""[{"op":"remove","path":{}}]""", "error decoding patch: json: cannot unmarshal object into Go struct field jsonPatchOp.path of type string")]
    public void Decode_NoListOfOperations_IsBadRequest(string body, string message)
    {
        var e = Assert.Throws<StatusException>(() => JsonPatch.Decode(JsonNode.Parse(body)));
        Assert.Equal((400, message), (e.Code, e.Message));
    }

    [Fact]
    public void Decode_TooManyOperations_IsTooLarge()
    {
        var patch = new JsonArray();
        for (int i = 0; i <= JsonPatch.MaxOperations; i++)
        {
            patch.Add((JsonNode)new JsonObject());
        }

        Assert.Equal(413, Assert.Throws<StatusException>(() => JsonPatch.Decode(patch)).Code);
    }

    private static JsonNode Json(string text) => JsonNode.Parse(text)!;

    private static JsonArray List(string text) => JsonNode.Parse(text)!.AsArray();
}
