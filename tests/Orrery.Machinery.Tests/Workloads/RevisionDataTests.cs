using System.Text.Json.Nodes;
using Orrery.Machinery.Workloads;

namespace Orrery.Machinery.Tests.Workloads;

public sealed class RevisionDataTests
{
    /// <summary>kubectl compares these bytes with those that it makes of the template, in Go's order.</summary>
    [Fact]
    public void Of_ATemplate_HasItsMembersInOrder()
    {
        JsonObject template = JsonNode.Parse("""{"spec": {"restartPolicy": "Always", "containers": [{"name": "c", "image": "i:1", "env": null}]}, "metadata": {"labels": {"b": "2", "a": "1"}}}""")!.AsObject();

        Assert.Equal(
            """{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"a":"1","b":"2"}},"spec":{"containers":[{"env":null,"image":"i:1","name":"c"}],"restartPolicy":"Always"}}}}""",
            RevisionData.Of(template).ToJsonString());
        Assert.Equal("Always", (string?)template["spec"]!["restartPolicy"]);
    }
}
