using Orrery.Api;
using Orrery.Controllers.Installations;

namespace Orrery.Controllers.Tests.Installations;

public sealed class WorkReportTests
{
    /// <summary>Replicas below a partition stay of the former kind; those from it on are waited for.</summary>
    [Theory]
    [InlineData(3, 1, 1, false)]
    [InlineData(3, 1, 2, true)]
    [InlineData(3, 5, 0, true)]
    [InlineData(3, 0, 2, false)]
    [InlineData(3, 0, 3, true)]
    public void IsReady_StatefulSetWithPartition_OnceThoseAboveItAreNew(int replicas, int partition, int updated, bool isReady)
    {
        KubeObject work = Work(
            $$"""{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {"replicas": {{replicas}}, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": {{partition}} } } } }""",
            $$"""{"replicas": {{replicas}}, "availableReplicas": {{replicas}}, "updatedReplicas": {{updated}}}""");

        Assert.Equal(isReady, WorkReport.IsReady(work));
    }

    /// <summary>Somebody else's kinds of the same names count nothing in the same fields.</summary>
    [Theory]
    [InlineData("apps/v1", "Deployment", false)]
    [InlineData("apps.example.org/v1", "Deployment", true)]
    [InlineData("apps/v1", "DaemonSet", false)]
    [InlineData("apps.example.org/v1", "DaemonSet", true)]
    public void IsReady_KindOfAnotherGroup_IsReadyByItsConditionsAlone(string apiVersion, string kind, bool isReady) =>
        Assert.Equal(isReady, WorkReport.IsReady(Work($$"""{"apiVersion": "{{apiVersion}}", "kind": "{{kind}}", "metadata": {"name": "web"}, "spec": {} }""", """{"desiredNumberScheduled": 1}""")));

    [Fact]
    public void HookOutcome_JobOfAnotherGroup_EndsOnceItIsApplied()
    {
        Assert.Null(WorkReport.HookOutcome(Work("""{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"} }""", "{}")));
        Assert.True(WorkReport.HookOutcome(Work("""{"apiVersion": "batch.example.org/v1", "kind": "Job", "metadata": {"name": "migrate"} }""", "{}"))?.Succeeded);
    }

    private static KubeObject Work(string manifest, string feedback) => Samples.Object($$"""
        {"apiVersion": "orrery.dev/v1alpha1", "kind": "Work", "metadata": {"name": "w", "namespace": "dp-a", "generation": 1},
         "spec": {"manifest": {{manifest}} },
         "status": {"conditions": [
           {"type": "Applied", "status": "True", "observedGeneration": 1},
           {"type": "Available", "status": "True", "observedGeneration": 1}], "feedback": {{feedback}} } }
        """);
}
