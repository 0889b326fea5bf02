using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Tests.Mirror;

public sealed class PodMetadataTests
{
    [Theory]
    [InlineData("""{"a": "1"}""", """{"a": "1"}""", "{}")]
    [InlineData("""{"a": "1"}""", """{"a": "2", "b": "3"}""", """{"a":"2","b":"3"}""")]
    [InlineData("""{"a": "1", "b": "2"}""", """{"b": "2"}""", """{"a":null}""")]
    [InlineData("""{"orrery.dev/data-plane": "one"}""", """{"orrery.dev/mine": "x"}""", "{}")] // ours are nobody's to change
    [InlineData("""{"pod-template-hash": "x"}""", """{"pod-template-hash": "y", "controller-uid": "z"}""", "{}")] // mean something else there
    [InlineData("""{"pod-template-hash": "x", "controller-uid": "z"}""", "{}", """{"pod-template-hash":null,"controller-uid":null}""")] // but can be taken away
    public void Between_TwoVersionsOfAPod_IsWhatItsTenantChanged(string before, string after, string changed)
    {
        PodMetadata found = PodMetadata.Between(Pod(before), Pod(after));

        Assert.Equal(changed, found.Labels.ToJsonString());
        Assert.Equal(changed == "{}", found.IsEmpty);
    }

    [Fact]
    public void Parse_OfItsText_IsTheSame_AndOfAnythingElseNothing()
    {
        PodMetadata changed = PodMetadata.Between(Pod("""{"a": "1", "b": "2"}"""), Pod("""{"a": "3"}"""));

        Assert.Equal(changed.ToText(), PodMetadata.Parse(changed.ToText()).ToText());
        Assert.All([null, "", "nonsense", "[]", """{"labels": 1}""", """{"labels": {"a": 1, "orrery.dev/x": "y"} }"""], text => Assert.True(PodMetadata.Parse(text).IsEmpty));
    }

    [Fact]
    public void LeftOf_APodThatHasSomeOfIt_IsTheRest()
    {
        PodMetadata first = PodMetadata.Between(Pod("""{"a": "1", "b": "2"}"""), Pod("""{"a": "3"}"""));
        PodMetadata both = first.With(PodMetadata.Between(Pod("""{"a": "3"}"""), Pod("""{"a": "4", "c": "5"}""")));

        Assert.Equal("""{"a":"4","b":null,"c":"5"}""", both.Labels.ToJsonString());
        Assert.Equal("""{"b":null,"c":"5"}""", both.LeftOf(Pod("""{"a": "4", "b": "2"}""")).Labels.ToJsonString());
        JsonObject pod = Pod("""{"a": "1", "b": "2", "z": "9"}""");
        both.ApplyTo(pod);
        Assert.Equal("""{"a":"4","z":"9","c":"5"}""", pod["metadata"]!["labels"]!.ToJsonString());
        Assert.True(both.LeftOf(pod).IsEmpty);
    }

    [Fact]
    public void Without_WhatIsDone_IsTheRestHoweverThePodReads()
    {
        PodMetadata given = PodMetadata.Between(Pod("{}"), Pod("""{"a": "1", "b": "2"}"""));
        PodMetadata taken = given.With(PodMetadata.Between(Pod("""{"a": "1", "b": "2"}"""), Pod("""{"b": "2"}""")));

        Assert.Equal("""{"a":null,"b":"2"}""", taken.Without(PodMetadata.None).Labels.ToJsonString());
        Assert.Equal("""{"a":null}""", taken.Without(given).Labels.ToJsonString());
        Assert.True(taken.Without(taken).IsEmpty);
    }

    [Fact]
    public void DoneOf_WhatIsAskedNow_IsThatAlone()
    {
        string asked = new PodChanges("uid", [], []) { Metadata = PodMetadata.Between(Pod("{}"), Pod("""{"a": "1"}""")) }.ToText();

        Assert.Null(PodChanges.DoneOf(Observation(asked, null)));
        Assert.Null(PodChanges.DoneOf(Observation(asked, PodChanges.DigestOf("what was asked before"))));
        Assert.Null(PodChanges.DoneOf(Observation(null, PodChanges.DigestOf(asked))));
        Assert.Equal(asked, PodChanges.DoneOf(Observation(asked, PodChanges.DigestOf(asked)))!.ToText());

        static KubeObject Observation(string? asked, string? done)
        {
            var annotations = new JsonObject();
            foreach ((string key, string? value) in new[] { (PodChanges.Annotation, asked), (PodChanges.DoneAnnotation, done) })
            {
                if (value is not null)
                {
                    annotations[key] = value;
                }
            }

            return KubeObject.From(new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } });
        }
    }

    private static JsonObject Pod(string labels) => JsonNode.Parse($$"""{"metadata": {"labels": {{labels}} } }""")!.AsObject();
}
