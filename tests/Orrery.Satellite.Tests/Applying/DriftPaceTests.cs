using Orrery.Satellite.Applying;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Applying;

public sealed class DriftPaceTests
{
    [Fact]
    public void MustWait_PutBackAgainAndAgain_WaitsAndIsFreeAfterACalm()
    {
        var time = new ManualTime();
        var pace = new DriftPace(time);
        for (int i = 0; i < 10; i++)
        {
            Assert.False(pace.MustWait("w"), $"{i} times");
            pace.PutBack("w");
        }

        // 1. A fight: twice a minute, for as long as it goes on. Other Works are not held up.
        for (int i = 0; i < 5; i++)
        {
            Assert.True(pace.MustWait("w"));
            Assert.False(pace.MustWait("other"));
            time.Advance(DriftPace.Interval);
            Assert.False(pace.MustWait("w"));
            pace.PutBack("w");
        }

        // 2. Nobody has changed it for a while.
        time.Advance(TimeSpan.FromMinutes(2));
        pace.PutBack("w");
        Assert.False(pace.MustWait("w"));
    }
}
