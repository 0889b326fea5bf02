using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Status;

namespace Orrery.Controllers.Tests.Status;

public sealed class StatusAggregationTests
{
    private const string Healthy = """
        {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2, "observedGeneration": 9,
         "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
                        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "lastUpdateTime": "2026-01-01T00:00:05Z"}]}
        """;

    private const string Starting = """
        {"replicas": 2, "updatedReplicas": 2, "unavailableReplicas": 2,
         "conditions": [{"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable"},
                        {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}]}
        """;

    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void Aggregate_ThreeHealthyDataPlanes_SumsAndIsAvailable()
    {
        JsonObject status = Aggregate(Samples.Deployment(), Report("a", Healthy), Report("b", Healthy), Report("c", Healthy));

        Assert.Equal(6, (long)status["replicas"]!);
        Assert.Equal(6, (long)status["readyReplicas"]!);
        Assert.Equal(6, (long)status["availableReplicas"]!);
        Assert.Null(status["unavailableReplicas"]);
        Assert.Equal(1, (long)status["observedGeneration"]!);
        Assert.Equal(("True", "MinimumReplicasAvailable"), Condition(status, "Available"));
        Assert.Equal(("True", "NewReplicaSetAvailable"), Condition(status, "Progressing"));
        Assert.Equal(("True", "AllReporting"), Condition(status, OrreryNames.SpreadCondition));
    }

    [Fact]
    public void Aggregate_OnePausedAndBehind_SpreadNamesIt()
    {
        JsonObject status = Aggregate(Samples.Deployment(), Report("a", Healthy), Report("b", Healthy) with { IsHeld = true });

        Assert.Equal(("False", "DataPlanePaused"), Condition(status, OrreryNames.SpreadCondition));
        Assert.Equal("paused, and not changed since: b", Message(status, OrreryNames.SpreadCondition));
    }

    [Fact]
    public void Aggregate_AutoscalersOfTwoDataPlanes_AddReplicasAndShowTheMeanOfWhatIsMeasured()
    {
        KubeObject autoscaler = Samples.Object("""{"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web", "generation": 1} }""");

        JsonObject status = Aggregate(
            autoscaler,
            Report("a", Measured(1, """{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 20, "averageValue": "100m"} } }, {"type": ""}""", "2026-01-01T00:00:05Z")),
            Report("b", Measured(3, """{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 60, "averageValue": "300m"} } }""", "2026-01-01T00:00:09Z")));

        Assert.Equal((4, 8, "2026-01-01T00:00:09Z"), ((long)status["currentReplicas"]!, (long)status["desiredReplicas"]!, (string)status["lastScaleTime"]!));
        Assert.Equal(
            """[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":50,"averageValue":"250m"}}},{"type":""}]""", status["currentMetrics"]!.ToJsonString());
    }

    private static string Measured(int replicas, string metrics, string scaled) => $$"""
        {"currentReplicas": {{replicas}}, "desiredReplicas": {{replicas * 2}}, "lastScaleTime": "{{scaled}}", "currentMetrics": [{{metrics}}]}
        """;

    [Fact]
    public void Aggregate_CronJobsOfTwoDataPlanes_NamesTheJobsThatRunAsTheyStandHere()
    {
        KubeObject cron = Samples.Object("""{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "often", "namespace": "web"} }""");

        JsonObject status = Aggregate(
            cron,
            Report("a", """{"lastScheduleTime": "2026-01-01T00:01:00Z", "active": [{"apiVersion": "batch/v1", "kind": "Job", "name": "often-1", "namespace": "acme-shop-web", "uid": "u"}]}"""),
            Report("b", """{"lastScheduleTime": "2026-01-01T00:00:00Z"}"""));

        Assert.Equal("""[{"apiVersion":"batch/v1","kind":"Job","name":"often-1.a","namespace":"web"}]""", status["active"]!.ToJsonString());
        Assert.Equal("2026-01-01T00:01:00Z", (string)status["lastScheduleTime"]!);
    }

    [Fact]
    public void DesiredTotal_Job_IsItsCompletionsInEachDataPlane()
    {
        KubeObject job = Samples.Object("""{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"completions": 2}}""");

        Assert.Equal(6, StatusAggregation.DesiredTotal(PlaceableKinds.Find(new GroupKind("batch", "Job"))!, job, [Report("a", null), Report("b", null), Report("c", null)]));
    }

    [Fact]
    public void Aggregate_OneStarting_IsNotAvailableAndSaysWhere()
    {
        JsonObject status = Aggregate(Samples.Deployment(), Report("a", Healthy), Report("b", Starting));

        Assert.Equal(("False", "MinimumReplicasUnavailable"), Condition(status, "Available"));
        Assert.Equal("not available in b", Message(status, "Available"));
        Assert.Equal(("True", "ReplicaSetUpdated"), Condition(status, "Progressing"));
        Assert.Equal(4, (long)status["updatedReplicas"]!);
        Assert.Equal(2, (long)status["availableReplicas"]!);
    }

    [Fact]
    public void Aggregate_SilentDataPlane_IsNotCountedAndNamed()
    {
        JsonObject status = Aggregate(Samples.Deployment(), Report("a", Healthy), Report("b", Healthy) with { IsReporting = false, Silence = "not heard since noon" });

        Assert.Equal(2, (long)status["readyReplicas"]!);
        Assert.Equal(("Unknown", "DataPlaneSilent"), Condition(status, OrreryNames.SpreadCondition));
        Assert.Equal("b is not counted: not heard since noon", Message(status, OrreryNames.SpreadCondition));
        Assert.Equal(("True", "MinimumReplicasAvailable"), Condition(status, "Available"));
    }

    [Fact]
    public void Aggregate_AllSilent_AvailabilityIsUnknown()
    {
        JsonObject status = Aggregate(Samples.Deployment(), Report("a", Healthy) with { IsReporting = false });

        Assert.Equal(("Unknown", "NoDataPlaneReports"), Condition(status, "Available"));
        Assert.Null(status["readyReplicas"]);
    }

    [Fact]
    public void Aggregate_NewGenerationNotEverywhere_KeepsTheOldObserved()
    {
        KubeObject source = Samples.Deployment("""{"observedGeneration": 1}""", generation: 2);

        Assert.Equal(1, (long)Aggregate(source, Report("a", Healthy) with { SourceGeneration = 2 }, Report("b", Healthy))["observedGeneration"]!);
        Assert.Equal(2, (long)Aggregate(source, Report("a", Healthy) with { SourceGeneration = 2 }, Report("b", Healthy) with { SourceGeneration = 2 })["observedGeneration"]!);
    }

    [Fact]
    public void Aggregate_NotAppliedAnywhereYet_HasNoObservedGeneration() =>
        Assert.Null(Aggregate(Samples.Deployment(), Report("a", null) with { SourceGeneration = null, Applied = ("Unknown", "") })["observedGeneration"]);

    /// <summary>Two of two in one data plane must not pass for two of two that a Deployment of two data planes asks for.</summary>
    [Theory]
    [InlineData("""{"replicas": 2, "updatedReplicas": 1}""", 1)]
    [InlineData("""{"replicas": 2, "updatedReplicas": 1, "conditions": [{"type": "Progressing", "status": "True"}]}""", 1)]
    [InlineData("""{"replicas": 2, "updatedReplicas": 1, "conditions": [{"type": "Progressing", "status": "False"}]}""", 2)]
    [InlineData("""{"replicas": 2, "updatedReplicas": 2}""", 2)]
    public void Aggregate_DeploymentOnlyBegunInOne_IsNotObservedYet(string other, long observed)
    {
        KubeObject source = Samples.Deployment("""{"observedGeneration": 1}""", generation: 2);

        JsonObject status = Aggregate(source, Report("a", Healthy) with { SourceGeneration = 2 }, Report("b", other) with { SourceGeneration = 2 });

        Assert.Equal(observed, (long)status["observedGeneration"]!);
    }

    [Fact]
    public void Aggregate_PausedRollout_IsObservedAtOnce()
    {
        KubeObject source = Samples.Object("""{"kind": "Deployment", "metadata": {"name": "web", "generation": 2}, "spec": {"replicas": 2, "paused": true}, "status": {"observedGeneration": 1}}""");

        Assert.Equal(2, (long)Aggregate(source, Report("a", """{"replicas": 2}""") with { SourceGeneration = 2 })["observedGeneration"]!);
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(2, 1L)]
    public void Aggregate_StatefulSetNotReadyInOne_IsNotObservedYet(int ready, long? observed)
    {
        KubeObject source = Samples.Object("""{"kind": "StatefulSet", "metadata": {"name": "db", "generation": 1}, "spec": {"replicas": 2}}""");

        JsonObject status = Aggregate(source, Report("a", """{"readyReplicas": 2}"""), Report("b", $$"""{"readyReplicas": {{ready}}}"""));

        Assert.Equal(observed, (long?)status["observedGeneration"]);
    }

    [Fact]
    public void Aggregate_FailedRollout_NamesTheDataPlane()
    {
        string failed = """{"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "took too long"}]}""";

        JsonObject status = Aggregate(Samples.Deployment(), Report("a", Healthy), Report("b", failed));

        Assert.Equal(("False", "ProgressDeadlineExceeded"), Condition(status, "Progressing"));
        Assert.Equal("b: took too long", Message(status, "Progressing"));
    }

    [Fact]
    public void Aggregate_RefusedByOne_SpreadSaysWhy()
    {
        JsonObject status = Aggregate(Samples.Deployment(), Report("a", Healthy), Report("b", null) with { Applied = ("False", "exists already") });

        Assert.Equal(("False", "NotApplied"), Condition(status, OrreryNames.SpreadCondition));
        Assert.Equal("b: exists already", Message(status, OrreryNames.SpreadCondition));
    }

    [Fact]
    public void Aggregate_NowherePlaced_SaysSo() =>
        Assert.Equal(("False", "NotPlaced"), Condition(Aggregate(Samples.Deployment()), OrreryNames.SpreadCondition));

    [Fact]
    public void Aggregate_Again_GivesTheSameBytes()
    {
        JsonObject first = Aggregate(Samples.Deployment(), Report("a", Healthy), Report("b", Starting));
        KubeObject stored = Samples.Deployment(first.ToJsonString());

        JsonObject second = StatusAggregation.Aggregate(stored, [Report("a", Healthy), Report("b", Starting)], Now.AddHours(1))!;

        Assert.True(JsonNode.DeepEquals(first, second), second.ToJsonString());
    }

    [Fact]
    public void Aggregate_StatusTurns_MovesTheTransitionTime()
    {
        JsonObject first = Aggregate(Samples.Deployment(), Report("a", Starting));
        JsonObject second = StatusAggregation.Aggregate(Samples.Deployment(first.ToJsonString()), [Report("a", Healthy)], Now.AddHours(1))!;

        Assert.Equal("2026-01-02T03:04:05Z", Time(first, "Available"));
        Assert.Equal("2026-01-02T04:04:05Z", Time(second, "Available"));
        Assert.Equal("2026-01-02T03:04:05Z", Time(second, "Progressing"));
    }

    [Fact]
    public void Aggregate_Job_IsCompleteOnlyEverywhere()
    {
        KubeObject job = Samples.Object("""{"kind": "Job", "metadata": {"name": "j"}}""");
        string done = """{"succeeded": 1, "startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:01:00Z", "conditions": [{"type": "Complete", "status": "True"}]}""";
        string later = done.Replace("00:01:00", "00:02:00", StringComparison.Ordinal);
        string running = """{"active": 1, "startTime": "2026-01-01T00:00:30Z"}""";

        JsonObject half = Aggregate(job, Report("a", done), Report("b", running));
        JsonObject full = Aggregate(job, Report("a", done), Report("b", later));

        Assert.Null(half["completionTime"]);
        Assert.DoesNotContain(half["conditions"]!.AsArray(), c => (string?)c!["type"] == "Complete");
        Assert.Equal(1, (long)half["active"]!);
        Assert.Equal("2026-01-01T00:02:00Z", (string?)full["completionTime"]);
        Assert.Equal("2026-01-01T00:00:00Z", (string?)full["startTime"]);
        Assert.Equal(2, (long)full["succeeded"]!);
        Assert.Equal("True", Condition(full, "Complete").Status);
    }

    [Fact]
    public void Aggregate_JobDoneButOneSilent_IsNotComplete()
    {
        KubeObject job = Samples.Object("""{"kind": "Job", "metadata": {"name": "j"}}""");
        string done = """{"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}""";

        JsonObject status = Aggregate(job, Report("a", done), Report("b", done) with { IsReporting = false });

        Assert.DoesNotContain(status["conditions"]!.AsArray(), c => (string?)c!["type"] == "Complete");
    }

    [Fact]
    public void Aggregate_Service_JoinsAddresses()
    {
        KubeObject service = Samples.Object("""{"kind": "Service", "metadata": {"name": "s"}}""");

        JsonObject status = Aggregate(
            service, Report("a", """{"loadBalancer": {"ingress": [{"ip": "1.1.1.1"}]}}"""), Report("b", """{"loadBalancer": {"ingress": [{"ip": "2.2.2.2"}]}}"""));

        Assert.Equal("""{"ingress":[{"ip":"1.1.1.1"},{"ip":"2.2.2.2"}]}""", status["loadBalancer"]!.ToJsonString());
    }

    [Fact]
    public void Aggregate_StatefulSetStillUpdatingSomewhere_ShowsItsRevisions()
    {
        KubeObject set = Samples.Object("""{"kind": "StatefulSet", "metadata": {"name": "s", "generation": 1}}""");

        JsonObject status = Aggregate(
            set,
            Report("a", """{"replicas": 1, "currentRevision": "x2", "updateRevision": "x2"}"""),
            Report("b", """{"replicas": 1, "currentRevision": "y1", "updateRevision": "y2"}"""));

        Assert.Equal("y1", (string?)status["currentRevision"]);
        Assert.Equal("y2", (string?)status["updateRevision"]);
        Assert.Equal(2, (long)status["replicas"]!);
    }

    [Fact]
    public void Aggregate_ConfigMap_HasNone() => Assert.Null(StatusAggregation.Aggregate(Samples.Object("""{"kind": "ConfigMap"}"""), [], Now));

    [Fact]
    public void DesiredReplicas_WithASilentDataPlane_CountsWhatIsWanted() =>
        Assert.Equal(4, StatusAggregation.DesiredReplicas([Report("a", Healthy), Report("b", Healthy) with { IsReporting = false }]));

    /// <summary>Where an autoscaler says how many there are, what the Work asks for is never reached: nothing waits for it.</summary>
    [Theory]
    [InlineData("True", 3, 2)]
    [InlineData("True", 2, 3)]
    [InlineData("False", 3, 3)]
    public void From_AutoscaledThere_WantsWhatIsAskedForThereOnceItIsInForce(string applied, int observed, int wanted)
    {
        KubeObject work = Samples.Object($$"""
            {"metadata": {"generation": 3}, "spec": {"source": {"generation": 2}, "manifest": {"spec": {"replicas": 3} } },
             "status": {"observedGeneration": {{observed}}, "sourceGeneration": 2, "desiredReplicas": 2, "feedback": {{Healthy}} ,
                        "conditions": [{"type": "Applied", "status": "{{applied}}"}] } }
            """);

        PlaneReport report = PlaneReport.From(work, Samples.DataPlane("a"), "a", 2);

        Assert.Equal(wanted, report.Wanted);
        Assert.Equal(wanted == 2 ? 2 : 1, (long)Aggregate(Samples.Deployment("""{"observedGeneration": 1}""", generation: 2, replicas: 3), report)["observedGeneration"]!);
    }

    [Fact]
    public void Aggregate_PodThatNoMachineTakes_NamesNoTenantWhoseMachinesRefusedIt()
    {
        KubeObject pod = Samples.Object("""{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"} }""");

        JsonObject status = Aggregate(pod, Report("a", """{"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "message": "1 node(s) had untolerated taint {orrery.dev/tenant: globex}"}]}"""));

        Assert.Equal("1 node(s) had untolerated taint {orrery.dev/tenant}", Message(status, "PodScheduled"));
    }

    private static PlaneReport Report(string dataPlane, string? feedback) => new(
        dataPlane, true, "", 1, 2, feedback is null ? null : Samples.Object(feedback).Json, feedback is null ? ("Unknown", "not reported yet") : ("True", ""));

    private static JsonObject Aggregate(KubeObject source, params PlaneReport[] reports) => StatusAggregation.Aggregate(source, reports, Now)!;

    private static (string? Status, string? Reason) Condition(JsonObject status, string type) => (Field(status, type, "status"), Field(status, type, "reason"));

    private static string? Message(JsonObject status, string type) => Field(status, type, "message");

    private static string? Time(JsonObject status, string type) => Field(status, type, "lastTransitionTime");

    private static string? Field(JsonObject status, string type, string field) =>
        (string?)status["conditions"]!.AsArray().Single(c => (string?)c!["type"] == type)![field];
}
