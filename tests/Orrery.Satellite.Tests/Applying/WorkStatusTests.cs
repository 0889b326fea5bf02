using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Tests.Applying;

public sealed class WorkStatusTests
{
    private const string Manifest = """{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "acme-shop-default"}, "spec": {"replicas": 2}}""";

    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static KubeObject Live(long observed) => Samples.Object(
        $$"""{"kind": "Deployment", "metadata": {"generation": 7}, "spec": {"replicas": 2}, "status": {"observedGeneration": {{observed}}, "updatedReplicas": 2, "availableReplicas": 2} }""");

    [Fact]
    public void Build_InForceAndObserved_FeedsBackTheStatusAndTheSourcesGeneration()
    {
        JsonObject status = WorkStatus.Build(Samples.Work(Manifest, generation: 5), ApplyOutcome.InForce(Live(7)), null, Now);

        Assert.Equal(5, (long)status["observedGeneration"]!);
        Assert.Equal(3, (long)status["sourceGeneration"]!);
        Assert.Equal(2, (long)status["desiredReplicas"]!);
        Assert.Equal("""{"observedGeneration":7,"updatedReplicas":2,"availableReplicas":2}""", status["feedback"]!.ToJsonString());
        Assert.Equal(["Applied=True", "Available=True"], Conditions(status));
    }

    [Fact]
    public void Build_InForceButNotObserved_KeepsTheOldSourceGeneration()
    {
        JsonObject status = WorkStatus.Build(Samples.Work(Manifest, """{"sourceGeneration": 2}"""), ApplyOutcome.InForce(Live(6)), null, Now);

        Assert.Equal(2, (long)status["sourceGeneration"]!);
        Assert.Equal(["Applied=True", "Available=False"], Conditions(status));
    }

    [Fact]
    public void Build_Refused_SaysWhyAndKeepsWhatStillRuns()
    {
        JsonObject status = WorkStatus.Build(
            Samples.Work(Manifest, """{"observedGeneration": 1, "sourceGeneration": 2}""", 2), ApplyOutcome.Refused("Invalid", "field is immutable", Live(7)), null, Now);

        Assert.Equal(1, (long)status["observedGeneration"]!);
        Assert.Equal(2, (long)status["sourceGeneration"]!);
        Assert.Equal("field is immutable", (string?)status["conditions"]![0]!["message"]);
        Assert.Equal(["Applied=False", "Available=True"], Conditions(status));
    }

    [Fact]
    public void Build_NotOurs_HasNoFeedback()
    {
        JsonObject status = WorkStatus.Build(Samples.Work(Manifest), ApplyOutcome.Refused("NotOurs", "somebody else's"), null, Now);

        Assert.Null(status["feedback"]);
        Assert.Equal(["Applied=False", "Available=False"], Conditions(status));
    }

    [Fact]
    public void Build_Again_GivesTheSame()
    {
        JsonObject first = WorkStatus.Build(Samples.Work(Manifest), ApplyOutcome.InForce(Live(7)), null, Now);
        JsonObject second = WorkStatus.Build(Samples.Work(Manifest, first.ToJsonString()), ApplyOutcome.InForce(Live(7)), null, Now.AddHours(1));

        Assert.True(JsonNode.DeepEquals(first, second), second.ToJsonString());
    }

    /// <summary>The definition of Work wants both of every condition, and refuses a report without: nothing would ever be heard of such an object.</summary>
    [Theory]
    [InlineData("""{"kind": "Widget", "status": {"conditions": [{"type": "Ready", "status": "True"}]} }""")]
    [InlineData("""{"kind": "Widget", "status": {"conditions": [{"type": "Reconciling", "status": "True", "reason": "Busy"}]} }""")]
    [InlineData("""{"kind": "Job", "status": {"conditions": [{"type": "Failed", "status": "True"}]} }""")]
    [InlineData("""{"kind": "Pod", "status": {"phase": "Failed", "message": ""} }""")]
    public void Build_ControllersThatSayNothing_LeaveNoConditionWithoutReasonAndMessage(string live)
    {
        JsonObject status = WorkStatus.Build(Samples.Work(Manifest), ApplyOutcome.InForce(Samples.Object(live)), null, Now);

        Assert.All(status["conditions"]!.AsArray(), c =>
        {
            Assert.False(string.IsNullOrEmpty((string?)c!["reason"]));
            Assert.NotNull((string?)c["message"]);
        });
    }

    private static IEnumerable<string> Conditions(JsonObject status) => status["conditions"]!.AsArray().Select(c => $"{(string?)c!["type"]}={(string?)c["status"]}");
}
