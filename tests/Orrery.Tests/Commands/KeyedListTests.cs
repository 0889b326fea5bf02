using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Commands;
using Orrery.Commands.Objects;

namespace Orrery.Tests.Commands;

public sealed class KeyedListTests
{
    private static readonly KeyedList Channels = new("spec.channels", "name");
    private static readonly KubeObject Present = KubeObject.Parse("""
        {"metadata": {"name": "shop"}, "spec": {"channels": [{"name": "edge", "release": "b"}, {"name": "stable", "release": "a"}, {"name": "held", "release": "a", "suspended": true}]}}
        """u8);

    [Theory]
    [InlineData("""[{"name":"stable","release":"b"}]""", """[{"name":"edge","release":"b"},{"name":"stable","release":"b"},{"name":"held","release":"a","suspended":true}]""")]
    [InlineData("""[{"name":"lts","release":"a"}]""", """[{"name":"edge","release":"b"},{"name":"stable","release":"a"},{"name":"held","release":"a","suspended":true},{"name":"lts","release":"a"}]""")]
    [InlineData("""[{"name":"edge"}]""", """[{"name":"stable","release":"a"},{"name":"held","release":"a","suspended":true}]""")]
    [InlineData("""[{"name":"held","release":"b"}]""", """[{"name":"edge","release":"b"},{"name":"stable","release":"a"},{"name":"held","release":"b","suspended":true}]""")]
    public void Merge_OfSomeElements_LeavesTheOthersAsTheyAre(string said, string expected)
    {
        var patch = new JsonObject { ["spec"] = new JsonObject { ["channels"] = JsonNode.Parse(said) } };

        Channels.Merge(Present, patch);

        Assert.Equal(expected, patch["spec"]!["channels"]!.ToJsonString());
    }

    [Fact]
    public void Merge_TakingAwayWhatIsNotThere_SaysSo()
    {
        JsonObject patch = JsonNode.Parse("""{"spec": {"channels": [{"name": "nope"}]}}""")!.AsObject();

        Assert.Equal("spec.channels of shop has no nope", Assert.Throws<CommandFailedException>(() => Channels.Merge(Present, patch)).Message);
    }

    [Fact]
    public void CheckWhole_OfAnElementOfNothingButItsKeys_SaysWhich()
    {
        JsonObject body = JsonNode.Parse("""{"spec": {"channels": [{"name": "edge", "release": "b"}, {"name": "bare"}]}}""")!.AsObject();

        Assert.Equal("spec.channels: nothing is said of bare", Assert.Throws<CommandFailedException>(() => Channels.CheckWhole(body)).Message);
    }
}
