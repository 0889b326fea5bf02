using Orrery.Api;
using Orrery.Satellite.Observing;

namespace Orrery.Satellite.Tests.Observing;

public sealed class DeletionRequestTests
{
    private static readonly KubeObject Running = Pod("");

    [Fact]
    public void Of_RequestForThisPod_HasItsGrace() => Assert.Equal(new DeletionRequest(30), DeletionRequest.Of(Observation("p1/30"), Running));

    [Theory]
    [InlineData("p2/30")]
    [InlineData("p1")]
    [InlineData("p1/soon")]
    public void Of_AnotherPodOrUnreadable_IsNone(string request) => Assert.Null(DeletionRequest.Of(Observation(request), Running));

    [Fact]
    public void Of_PodThatIsLeaving_IsOnlyThereToHurry()
    {
        KubeObject leaving = Pod(""", "deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30""");

        Assert.Null(DeletionRequest.Of(Observation("p1/30"), leaving));
        Assert.Equal(new DeletionRequest(0), DeletionRequest.Of(Observation("p1/0"), leaving));
    }

    private static KubeObject Observation(string request) =>
        Samples.Object($$$"""{"metadata": {"name": "o", "annotations": {"orrery.dev/delete-request": "{{{request}}}"} } }""");

    private static KubeObject Pod(string more) => Samples.Object($$$"""{"metadata": {"name": "web-1", "uid": "p1"{{{more}}} } }""");
}
