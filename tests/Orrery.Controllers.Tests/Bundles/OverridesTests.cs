using System.Text.Json.Nodes;
using Orrery.Controllers.Bundles;

namespace Orrery.Controllers.Tests.Bundles;

public sealed class OverridesTests
{
    [Theory]
    [InlineData("web", "web", null, null)]
    [InlineData("host.test:5000/a/web", "host.test:5000/a/web", null, null)]
    [InlineData("host.test:5000/a/web:1.2", "host.test:5000/a/web", "1.2", null)]
    [InlineData("a/web:1@sha256:ab", "a/web", "1", "sha256:ab")]
    public void Parse_ImageName_FindsItsParts(string image, string name, string? tag, string? digest)
    {
        ImageName parsed = ImageName.Parse(image);

        Assert.Equal(new ImageName(name, tag, digest), parsed);
        Assert.Equal(image, parsed.ToString());
    }

    [Fact]
    public void Apply_Images_ReachesEveryPodWhereverItStands()
    {
        List<JsonObject> objects =
        [
            Json("""{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"c"},"spec":{"jobTemplate":{"spec":{"template":{"spec":{"initContainers":[{"name":"i","image":"a/web:1"}],"containers":[{"name":"x","image":"a/other:1"}]}}}}}}"""),
            Json("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"x","image":"a/web@sha256:00"}]}}"""),
        ];

        Overrides.Apply(objects, Json("""{"images":[{"name":"a/web","newName":"b/web","newTag":"2"}]}"""));

        Assert.Equal("b/web:2", (string?)objects[0]["spec"]!["jobTemplate"]!["spec"]!["template"]!["spec"]!["initContainers"]![0]!["image"]);
        Assert.Equal("a/other:1", (string?)objects[0]["spec"]!["jobTemplate"]!["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]);
        Assert.Equal("b/web:2", (string?)objects[1]["spec"]!["containers"]![0]!["image"]);
    }

    [Theory]
    [InlineData("""{"merge":{"spec":{"replicas":5,"paused":null}}}""")]
    [InlineData("""{"strategic":{"spec":{"replicas":5,"paused":null}}}""")]
    [InlineData("""{"json":[{"op":"replace","path":"/spec/replicas","value":5},{"op":"remove","path":"/spec/paused"}]}""")]
    public void Apply_Patches_OfEachKind_ChangeTheOneTheyName(string patch)
    {
        List<JsonObject> objects = [Deployment("web"), Deployment("db")];
        JsonObject named = Json(patch);
        (named["kind"], named["name"]) = ("Deployment", "web");

        Overrides.Apply(objects, new JsonObject { ["patches"] = new JsonArray(named) });

        Assert.Equal(5, (int)objects[0]["spec"]!["replicas"]!);
        Assert.False(objects[0]["spec"]!.AsObject().ContainsKey("paused"));
        Assert.Equal(1, (int)objects[1]["spec"]!["replicas"]!);
    }

    [Theory]
    [InlineData("""{"images":[{"name":"nope","newTag":"2"}]}""", "spec.overrides.images[0]: no container of the release has the image nope")]
    [InlineData("""{"replicas":[{"name":"nope","count":2}]}""", "spec.overrides.replicas[0]: the release holds no object with replicas named nope")]
    [InlineData("""{"patches":[{"kind":"Deployment","name":"nope","merge":{}}]}""", "spec.overrides.patches[0]: the release holds no Deployment named nope")]
    [InlineData("""{"patches":[{"kind":"Deployment","name":"web","merge":{"metadata":{"name":"other"}}}]}""", "spec.overrides.patches[0]: what comes out is no longer Deployment web")]
    public void Apply_OverrideThatMeetsNothing_IsRefusedByItsPath(string overrides, string message) =>
        Assert.Equal(message, Assert.Throws<BundleException>(() => Overrides.Apply([Deployment("web")], Json(overrides))).Message);

    private static JsonObject Deployment(string name) =>
        Json($$"""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"{{name}}"},"spec":{"replicas":1,"paused":true,"template":{"spec":{"containers":[{"name":"x","image":"a/web:1"}]} } } }""");

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();
}
