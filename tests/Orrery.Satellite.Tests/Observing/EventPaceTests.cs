using Orrery.Satellite.Observing;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Observing;

public sealed class EventPaceTests
{
    private readonly ManualTime clock = new();

    [Fact]
    public void Wait_InABurst_LetsThroughWhatIsAllowedAndThenOneAnInterval()
    {
        var pace = new EventPace(clock);
        ObservedKey[] storm = [.. Enumerable.Range(0, EventPace.Burst + 3).Select(i => new ObservedKey("Event", "acme-shop-default", $"e{i}"))];

        TimeSpan?[] waits = [.. storm.Select(k => pace.Wait("acme", k))];

        Assert.All(waits[..EventPace.Burst], w => Assert.Null(w));
        Assert.Equal([EventPace.Interval, EventPace.Interval * 2, EventPace.Interval * 3], waits[EventPace.Burst..].Select(w => w!.Value));

        // 1. Whoever looks again early does not move up, nor back.
        Assert.Equal(EventPace.Interval * 3, pace.Wait("acme", storm[^1]));
        clock.Advance(EventPace.Interval);
        Assert.Equal([null, EventPace.Interval, EventPace.Interval * 2], storm[^3..].Select(k => pace.Wait("acme", k)));

        // 2. Another tenant waits for nobody.
        Assert.Null(pace.Wait("globex", new ObservedKey("Event", "globex-web-default", "e")));

        // 3. Quiet for long enough, it is as in the beginning.
        clock.Advance(EventPace.Interval * (EventPace.Burst + 10));
        Assert.All(storm[^3..], k => Assert.Null(pace.Wait("acme", k)));
        Assert.Equal(EventPace.Burst - 1, Enumerable.Range(0, EventPace.Burst * 2).Count(i => pace.Wait("acme", new ObservedKey("Event", "n", $"later{i}")) is null));
    }

    /// <summary>A machine whose clock was ahead by days, and is set right.</summary>
    [Fact]
    public void Wait_TimeOfDaySetBack_WaitsNoLonger()
    {
        var pace = new EventPace(clock);
        Assert.Null(pace.Wait("acme", new ObservedKey("Event", "acme-shop-default", "before")));

        clock.Skew = TimeSpan.FromDays(-2);

        Assert.Null(pace.Wait("acme", new ObservedKey("Event", "acme-shop-default", "after")));
    }
}
