using Orrery.Hub;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Tunnels;

public sealed class BeatSlotsTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(5);

    private readonly ManualTime time = new();

    [Theory]
    [InlineData(128, 1)]
    [InlineData(129, 2)]
    [InlineData(1_000, 8)]
    public void UntilNext_SatellitesThatBeatAtAnyTime_ShareMomentsOfAtMost128(int count, int moments)
    {
        var slots = new BeatSlots(Interval, time);
        int[] satellites = [.. Enumerable.Range(0, count).Select(_ => slots.Enter())];

        // Each beats first at a time of its own, and then when it was told to.
        var next = new List<(int Satellite, TimeSpan At)>();
        TimeSpan now = TimeSpan.Zero;
        foreach (int satellite in satellites)
        {
            TimeSpan wait = slots.UntilNext(satellite) ?? Interval;
            Assert.InRange(wait, Interval / 2, Interval * 1.5);
            next.Add((satellite, now + wait));
            time.Advance(TimeSpan.FromMilliseconds(7));
            now += TimeSpan.FromMilliseconds(7);
        }

        var bunches = next.GroupBy(n => (long)Math.Round((n.At.TotalMilliseconds % Interval.TotalMilliseconds) / (Interval.TotalMilliseconds / moments)) % moments).ToList();
        Assert.Equal(moments, bunches.Count);
        Assert.All(bunches, b => Assert.InRange(b.Count(), 1, 128));
        foreach ((int satellite, TimeSpan at) in next.OrderBy(n => n.At).Where(n => n.At > now))
        {
            time.Advance(at - now);
            now = at;
            Assert.Null(slots.UntilNext(satellite));
        }
    }

    [Fact]
    public void UntilNext_AClockThatGoesWrong_IsToldOnceItMatters()
    {
        var slots = new BeatSlots(Interval, time);
        int satellite = slots.Enter();

        time.Advance(Interval + Tolerance);
        Assert.Null(slots.UntilNext(satellite));
        time.Advance(Interval + TimeSpan.FromMilliseconds(1));

        Assert.Equal(Interval - Tolerance - TimeSpan.FromMilliseconds(1), slots.UntilNext(satellite));
        time.Advance(Interval - TimeSpan.FromMilliseconds(12));
        Assert.Equal(Interval + TimeSpan.FromMilliseconds(6), slots.UntilNext(satellite));
    }

    [Fact]
    public void Leave_OfMost_LetsTheOthersShareMomentsAgain()
    {
        var slots = new BeatSlots(Interval, time);
        int[] satellites = [.. Enumerable.Range(0, 256).Select(_ => slots.Enter())];
        int[] told() => [.. satellites[..4].Select(s => (int)(slots.UntilNext(s) ?? Interval).TotalMilliseconds)];
        Assert.Equal([15_000, 10_000, 15_000, 10_000], told());

        Array.ForEach(satellites[128..], _ => slots.Leave());

        Assert.Equal([10_000, 10_000, 10_000, 10_000], told());
    }
}
