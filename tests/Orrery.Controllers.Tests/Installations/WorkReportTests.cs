using Orrery.Api;
using Orrery.Controllers.Installations;

namespace Orrery.Controllers.Tests.Installations;

public sealed class WorkReportTests
{
    [Theory]
    [InlineData("True", 1, true)]
    [InlineData("False", 1, false)]
    [InlineData("True", 0, false)]
    public void IsReady_AsItsDataPlaneSaysOfWhatIsInForceNow(string status, int generation, bool isReady) =>
        Assert.Equal(isReady, WorkReport.IsReady(Work("""{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"} }""", "{}", status, generation)));

    [Fact]
    public void HookOutcome_JobOfAnotherGroup_EndsOnceItIsApplied()
    {
        Assert.Null(WorkReport.HookOutcome(Work("""{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"} }""", "{}")));
        Assert.True(WorkReport.HookOutcome(Work("""{"apiVersion": "batch.example.org/v1", "kind": "Job", "metadata": {"name": "migrate"} }""", "{}"))?.Succeeded);
    }

    private static KubeObject Work(string manifest, string feedback, string available = "True", int about = 1) => Samples.Object($$"""
        {"apiVersion": "orrery.dev/v1alpha1", "kind": "Work", "metadata": {"name": "w", "namespace": "dp-a", "generation": 1},
         "spec": {"manifest": {{manifest}} },
         "status": {"conditions": [
           {"type": "Applied", "status": "True", "observedGeneration": 1},
           {"type": "Available", "status": "{{available}}", "observedGeneration": {{about}} }], "feedback": {{feedback}} } }
        """);
}
