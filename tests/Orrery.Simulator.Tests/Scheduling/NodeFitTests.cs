using System.Text;
using Orrery.Api;
using Orrery.Simulator.Scheduling;

namespace Orrery.Simulator.Tests.Scheduling;

public sealed class NodeFitTests
{
    private const string Node = """
        {"metadata":{"name":"n1","labels":{"zone":"a"}},"spec":{},"status":{"allocatable":{"cpu":"2","memory":"1Gi","pods":"2"}}}
        """;

    [Theory]
    [InlineData("""{"spec":{"nodeSelector":{"zone":"a"}}}""", null)]
    [InlineData("""{"spec":{"nodeSelector":{"zone":"b"}}}""", "node(s) didn't match Pod's node affinity/selector")]
    [InlineData("""{"spec":{"containers":[{"resources":{"requests":{"cpu":"1500m"}}}]}}""", null)]
    [InlineData("""{"spec":{"containers":[{"resources":{"requests":{"cpu":"2500m"}}}]}}""", "Insufficient cpu")]
    [InlineData("""{"spec":{"containers":[{"resources":{"requests":{"memory":"600Mi"}}},{"resources":{"requests":{"memory":"600Mi"}}}]}}""", "Insufficient memory")]
    public void WhyNot_OfAPod_SaysWhatIsMissing(string pod, string? why) => Assert.Equal(why, NodeFit.WhyNot(Parse(pod), Parse(Node), []));

    [Theory]
    [InlineData("In", "a", true)]
    [InlineData("In", "b", false)]
    [InlineData("NotIn", "a", false)]
    [InlineData("Exists", null, true)]
    [InlineData("DoesNotExist", null, false)]
    public void WhyNot_Affinity_FollowsItsOperator(string op, string? value, bool fits)
    {
        string values = value is null ? "" : $",\"values\":[\"{value}\"]";
        string pod = """{"spec":{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"zone","operator":"OP"VALUES}]}]}}}}}"""
            .Replace("OP", op, StringComparison.Ordinal).Replace("VALUES", values, StringComparison.Ordinal);

        Assert.Equal(fits, NodeFit.WhyNot(Parse(pod), Parse(Node), []) is null);
    }

    [Fact]
    public void WhyNot_Taint_NeedsAToleration()
    {
        KubeObject node = Parse("""{"metadata":{"name":"n"},"spec":{"taints":[{"key":"gpu","value":"yes","effect":"NoSchedule"}]}}""");

        Assert.Equal("node(s) had untolerated taint {gpu: yes}", NodeFit.WhyNot(Parse("""{"spec":{}}"""), node, []));
        Assert.Null(NodeFit.WhyNot(Parse("""{"spec":{"tolerations":[{"key":"gpu","operator":"Equal","value":"yes","effect":"NoSchedule"}]}}"""), node, []));
        Assert.Null(NodeFit.WhyNot(Parse("""{"spec":{"tolerations":[{"operator":"Exists"}]}}"""), node, []));
    }

    [Fact]
    public void WhyNot_FullNode_TakesNoMore()
    {
        KubeObject pod = Parse("""{"spec":{}}""");

        Assert.Equal("Too many pods", NodeFit.WhyNot(pod, Parse(Node), [pod, pod]));
    }

    private static KubeObject Parse(string json) => KubeObject.Parse(Encoding.UTF8.GetBytes(json));
}
