using System.Text.Json.Nodes;
using Orrery.Controllers.Bundles;

namespace Orrery.Controllers.Tests.Bundles;

public sealed class ValuesTests
{
    [Fact]
    public void Merge_OfLayers_MergesMapsAndReplacesAllElse()
    {
        JsonObject values = Json("""{"a":{"b":1,"c":[1,2]},"d":"x"}""");

        Values.Merge(values, Json("""{"a":{"c":[3],"e":true},"d":null}"""));

        Assert.Equal("""{"a":{"b":1,"c":[3],"e":true},"d":null}""", values.ToJsonString());
    }

    [Theory]
    [InlineData("- a")]
    [InlineData("a: [")]
    public void Parse_OfNoObject_IsRefusedWithoutItsText(string text)
    {
        BundleException refused = Assert.Throws<BundleException>(() => Values.Parse(text, "key k of Secret s"));

        Assert.Equal("InvalidValues", refused.Reason);
        Assert.DoesNotContain(text, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resolve_References_TakeTheirTypeOrStandWithinTexts()
    {
        JsonObject manifest = Json("""{"kind":"X","spec":{"n":"$(values.a.n)","list":["$(values.a.m)"],"text":"v$(values.a.n)-$(values.s)","env":"$(HOME)"}}""");

        JsonObject resolved = ValueReferences.Resolve(manifest, Json("""{"a":{"n":3,"m":{"k":true}},"s":"z"}"""), "X x");

        Assert.Equal("""{"n":3,"list":[{"k":true}],"text":"v3-z","env":"$(HOME)"}""", resolved["spec"]!.ToJsonString());
        Assert.Equal("$(values.a.n)", (string?)manifest["spec"]!["n"]);
    }

    [Theory]
    [InlineData("$(values.no.such)", "X x: spec.t refers to values.no.such, which nobody sets")]
    [InlineData("a$(values.m)", "X x: spec.t refers to values.m within a text, and that is no single value")]
    public void Resolve_ReferenceThatCannotBe_IsRefusedByItsPlace(string text, string message) =>
        Assert.Equal(message, Assert.Throws<BundleException>(() => ValueReferences.Resolve(new JsonObject { ["spec"] = new JsonObject { ["t"] = text } }, Json("""{"m":{}}"""), "X x")).Message);

    [Fact]
    public void Digest_OfTheSameInAnotherOrder_IsTheSame()
    {
        Assert.Equal(CanonicalJson.Digest(Json("""{"a":1,"b":{"c":null,"d":[1]}}""")), CanonicalJson.Digest(Json("""{"b":{"d":[1]},"a":1}""")));
        Assert.NotEqual(CanonicalJson.Digest(Json("""{"a":[1,2]}""")), CanonicalJson.Digest(Json("""{"a":[2,1]}""")));
    }

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();
}
