using Orrery.Api;
using Orrery.Satellite.Applying;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Applying;

public sealed class RefusalPaceTests
{
    private static readonly ApplyOutcome Refusal = ApplyOutcome.RefusedThere("Forbidden", "exceeded quota");

    private readonly ManualTime time = new();

    /// <summary>A Work is looked at every five seconds; what the cluster refuses for good is tried 33 times in an hour.</summary>
    [Fact]
    public void Held_RefusedForAnHour_IsTriedEverLess()
    {
        var pace = new RefusalPace(time);
        var attempts = new List<double>();
        for (int seconds = 0; seconds < 3600; seconds++)
        {
            if (pace.Held("web", "1") is null)
            {
                attempts.Add(seconds);
                pace.Refused("web", "1", Refusal, null);
            }

            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal([0, 5, 15, 35, 75, 155, 275], attempts.Take(7));
        Assert.Equal(34, attempts.Count);
    }

    [Fact]
    public void Held_WhatIsAskedIsAnother_IsTriedAtOnce_AndWaitsShortestAgain()
    {
        var pace = new RefusalPace(time);
        pace.Refused("web", "1", Refusal, null);
        pace.Refused("web", "1", Refusal, null);

        Assert.Equal(TimeSpan.FromSeconds(10), pace.Held("web", "1")!.Value.Left);
        Assert.Same(Refusal, pace.Held("web", "1")!.Value.Outcome);
        Assert.Null(pace.Held("web", "2"));
        Assert.Null(pace.Held("api", "1"));
        Assert.Equal(TimeSpan.FromSeconds(5), pace.Refused("web", "2", Refusal, null));
    }

    [Fact]
    public void Release_WhateverWaits_MayBeTried()
    {
        var pace = new RefusalPace(time);
        pace.Refused("web", "1", Refusal, null);

        pace.Release();

        Assert.Null(pace.Held("web", "1"));
    }

    /// <summary>A hiccup is no news; one that lasts is, and is asked about ever less.</summary>
    [Fact]
    public void Fails_ForAWhile_IsTold()
    {
        var pace = new RefusalPace(time);
        var told = new List<(double At, bool Told)>();
        for (int tenths = 0; tenths < 300; tenths++)
        {
            if (pace.Held("web", "1") is null)
            {
                told.Add((tenths / 10.0, pace.Fails("web", "1")));
            }

            time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal([(0, false), (0.1, false), (0.3, false), (0.7, false), (1.5, false), (3.1, false), (6.3, true), (12.7, true), (25.5, true)], told);
        pace.Forget("web");
        Assert.False(pace.Fails("web", "1"));
    }

    [Theory]
    [InlineData(408, true)]
    [InlineData(429, true)]
    [InlineData(500, true)]
    [InlineData(503, true)]
    [InlineData(507, true)]
    [InlineData(403, false)]
    [InlineData(409, false)]
    [InlineData(422, false)]
    public void IsFault_OfAStatus_IsWhatSaysNothingOfWhatWasAsked(int code, bool expected) =>
        Assert.Equal(expected, RefusalPace.IsFault(new StatusException(new Status { Code = code, Message = "no" })));
}
