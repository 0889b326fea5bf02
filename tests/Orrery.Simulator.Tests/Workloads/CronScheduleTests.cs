using System.Globalization;
using Orrery.Simulator.Workloads;

namespace Orrery.Simulator.Tests.Workloads;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("*/5 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z")]
    [InlineData("30 4 * * *", "2026-01-01T04:30:00Z", "2026-01-02T04:30:00Z")]
    [InlineData("0 9-17/4 * * mon-fri", "2026-01-02T17:30:00Z", "2026-01-05T09:00:00Z")]
    [InlineData("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")]
    [InlineData("0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z")]
    [InlineData("@hourly", "2026-01-01T10:59:59Z", "2026-01-01T11:00:00Z")]
    [InlineData("15,45 8 1 jan,jul *", "2026-01-01T08:15:00Z", "2026-01-01T08:45:00Z")]
    public void Next_AfterATime_IsTheFirstThatMatches(string schedule, string after, string next) =>
        Assert.Equal(At(next), CronSchedule.Parse(schedule, null).Next(At(after)));

    [Fact]
    public void Next_ZoneWithSummerTime_KeepsTheLocalHour()
    {
        var schedule = CronSchedule.Parse("0 9 * * *", "Europe/Paris");

        Assert.Equal(At("2026-03-28T08:00:00Z"), schedule.Next(At("2026-03-28T00:00:00Z")));
        Assert.Equal(At("2026-03-29T07:00:00Z"), schedule.Next(At("2026-03-29T00:00:00Z")));
    }

    [Fact]
    public void Next_DayThatNeverComes_IsNull() => Assert.Null(CronSchedule.Parse("0 0 31 2 *", null).Next(At("2026-01-01T00:00:00Z")));

    [Theory]
    [InlineData("* * * *")]
    [InlineData("60 * * * *")]
    [InlineData("* * * * mon-x")]
    [InlineData("*/0 * * * *")]
    public void Parse_NoSchedule_IsRefused(string text) => Assert.Throws<FormatException>(() => CronSchedule.Parse(text, null));

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
