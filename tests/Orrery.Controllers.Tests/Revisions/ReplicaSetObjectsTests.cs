using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Controllers.Revisions;

namespace Orrery.Controllers.Tests.Revisions;

/// <summary>The status of a ReplicaSet that stands for a revision.</summary>
public sealed class ReplicaSetObjectsTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 5, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, "2026-05-05T13:00:00Z", 1)]
    [InlineData(0, "2026-05-05T11:00:00Z", 1)]
    [InlineData(60, "2026-05-05T11:59:30Z", 0)]
    [InlineData(60, "2026-05-05T11:58:30Z", 1)]
    public void Status_ReadySince_IsAvailableOnceItWaitedWhereItMust(int wait, string readySince, int available)
    {
        JsonObject status = ReplicaSetObjects.Status(
            Parse($$"""{"metadata": {"name": "web"}, "spec": {"minReadySeconds": {{wait}} } }"""),
            [Parse($$"""{"metadata": {"name": "web-1"}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "{{readySince}}"}]} }""")],
            Now,
            out TimeSpan? lookAgain);

        Assert.Equal(available, status["availableReplicas"]?.GetValue<int>() ?? 0);
        Assert.Equal(available == 0, lookAgain is not null);
    }

    private static KubeObject Parse(string json) => KubeObject.From((JsonObject)JsonNode.Parse(json)!);
}
