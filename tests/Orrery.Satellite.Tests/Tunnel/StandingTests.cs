using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Satellite.Tunnel;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Tunnel;

public sealed class StandingTests
{
    [Fact]
    public void Answered_AnotherIsConnected_StandsByUntilLetIn_AndSaysSoOnce()
    {
        using var log = new RecordingLoggers(LogLevel.Information);
        var standing = new Standing(log);
        Task second = standing.UntilSecondAsync(default);
        Assert.False(second.IsCompleted);

        // 1. At its first word.
        standing.Answered(Refusal(409), hadJoined: false);
        standing.Answered(Refusal(409), hadJoined: false);
        Assert.True(second.IsCompleted && standing.IsSecond && standing.IsShutOut);

        // 2. Nobody says that any more: who is the one is not known, and nothing is sent until that is.
        standing.Answered(new HttpRequestException("away"), hadJoined: false);
        Assert.False(standing.IsSecond);
        Assert.True(standing.IsShutOut);
        Assert.False(standing.UntilSecondAsync(default).IsCompleted);
        standing.Answered(Refusal(409), hadJoined: false);
        Assert.True(standing.IsSecond);

        // 3. Let in.
        Task letIn = standing.UntilLetInAsync(default);
        Assert.False(letIn.IsCompleted);
        standing.LetIn();
        Assert.True(letIn.IsCompleted && standing.UntilLetInAsync(default).IsCompleted);
        Assert.False(standing.IsSecond || standing.IsShutOut || standing.UntilSecondAsync(default).IsCompleted);
        Assert.Equal(["This satellite stands by, and neither applies nor reports anything until it is let in: because", "The control plane lets this satellite in again"], log.Lines);
    }

    [Theory]
    [InlineData(403, true, true)]
    [InlineData(401, true, true)]
    [InlineData(403, false, false)]
    [InlineData(503, true, false)]
    public void Answered_RefusedThreeTimesOnceItHadJoined_IsShutOut(int code, bool hadJoined, bool isShutOut)
    {
        using var log = new RecordingLoggers(LogLevel.Information);
        var standing = new Standing(log);
        for (int i = 0; i < 3; i++)
        {
            Assert.False(standing.IsShutOut);
            standing.Answered(Refusal(code), hadJoined);
        }

        Assert.Equal(isShutOut, standing.IsShutOut);
        Assert.False(standing.IsSecond);
    }

    private static StatusException Refusal(int code) => new(new Status { Code = code, Reason = "", Message = "because" });
}
