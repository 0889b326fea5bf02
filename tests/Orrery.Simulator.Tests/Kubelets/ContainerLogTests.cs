using System.Globalization;
using System.Text;
using Orrery.Api;
using Orrery.Simulator.Kubelets;

namespace Orrery.Simulator.Tests.Kubelets;

public sealed class ContainerLogTests
{
    private const string Running = """
        {"metadata":{"name":"web-1"},"spec":{"containers":[{"name":"web"}]},"status":{"containerStatuses":[{"name":"web","state":{"running":{"startedAt":"2026-01-01T00:00:00Z"}}}]}}
        """;

    private const string Ended = """
        {"metadata":{"name":"web-1"},"spec":{"containers":[{"name":"web"}]},
         "status":{"containerStatuses":[{"name":"web","state":{"terminated":{"startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:12Z","exitCode":3}}}]}}
        """;

    [Fact]
    public void CountAt_Running_GrowsByOneAnInterval()
    {
        ContainerLog log = Of(Running, null);

        Assert.Equal([1L, 1L, 2L, 13L], new[] { 0, 4, 5, 60 }.Select(s => log.CountAt(At(s))));
        Assert.Equal("web started in pod web-1", log.TextOf(0));
        Assert.Equal("web has been running for 10 s", log.TextOf(2));
        Assert.Equal(At(10), log.TimeOf(2));
        Assert.Equal(0, log.OldestKept(At(60)));
        Assert.Equal(1001, log.OldestKept(At(10_000)));
    }

    [Fact]
    public void CountAt_Ended_StopsWithALastLine()
    {
        ContainerLog log = Of(Ended, "web");

        Assert.Equal(4, log.CountAt(At(1000)));
        Assert.Equal("web ended with exit code 3", log.TextOf(3));
        Assert.Equal(At(12), log.TimeOf(3));
        Assert.True(log.IsFinished);
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a"},{"name":"b"}]}}""", null, "a container name must be specified for pod p, choose one of: [a b]")]
    [InlineData("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a"}]}}""", "x", "container x is not valid for pod p")]
    [InlineData("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a"}]}}""", "a", "container \"a\" in pod \"p\" is waiting to start: ContainerCreating")]
    public void Of_NoLogYet_SaysWhy(string pod, string? container, string message)
    {
        var fault = Assert.Throws<StatusException>(() => Of(pod, container));

        Assert.Equal((400, message), (fault.Code, fault.Message));
    }

    private static ContainerLog Of(string pod, string? container) =>
        ContainerLog.Of(KubeObject.Parse(Encoding.UTF8.GetBytes(pod)), container, TimeSpan.FromSeconds(5));

    private static DateTimeOffset At(int second) => DateTimeOffset.Parse("2026-01-01T00:00:00Z", CultureInfo.InvariantCulture).AddSeconds(second);
}
