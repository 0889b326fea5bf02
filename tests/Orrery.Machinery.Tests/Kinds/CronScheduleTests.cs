using System.Globalization;
using Orrery.Machinery.Kinds.Batch;

namespace Orrery.Machinery.Tests.Kinds;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("*/5 * * * *", "2026-03-01T12:03:10Z", "2026-03-01T12:05:00Z")]
    [InlineData("0 0 * * *", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")]
    [InlineData("30 4 1,15 * 5", "2026-03-02T00:00:00Z", "2026-03-06T04:30:00Z")]
    [InlineData("0 12 29 feb *", "2026-03-01T00:00:00Z", "2028-02-29T12:00:00Z")]
    [InlineData("0 9-17/4 * * mon-fri", "2026-01-02T17:30:00Z", "2026-01-05T09:00:00Z")]
    [InlineData("0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")]
    [InlineData("15,45 8 1 jan,jul *", "2026-01-01T08:15:00Z", "2026-01-01T08:45:00Z")]
    [InlineData("@every 90s", "2026-01-01T08:15:00.5Z", "2026-01-01T08:16:30Z")]
    [InlineData("@hourly", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z")]
    [InlineData("*/2147483647 * * * *", "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z")]
    [InlineData("15-20/5 8-10 * * mon-fri", "2026-03-01T00:00:00Z", "2026-03-02T08:15:00Z")]
    public void Next_AfterATime_IsTheFirstThatFits(string schedule, string after, string next) =>
        Assert.Equal(At(next), CronSchedule.Parse(schedule).Next(At(after), TimeZoneInfo.Utc));

    [Fact]
    public void Next_ZoneWithSummerTime_KeepsTheLocalHour()
    {
        TimeZoneInfo paris = TimeZoneInfo.FindSystemTimeZoneById("Europe/Paris");
        CronSchedule schedule = CronSchedule.Parse("0 9 * * *");

        Assert.Equal(At("2026-03-28T08:00:00Z"), schedule.Next(At("2026-03-28T00:00:00Z"), paris));
        Assert.Equal(At("2026-03-29T07:00:00Z"), schedule.Next(At("2026-03-29T00:00:00Z"), paris));
    }

    [Fact]
    public void Next_DayThatNeverComes_IsNull() => Assert.Null(CronSchedule.Parse("0 0 31 2 *").Next(At("2026-01-01T00:00:00Z"), TimeZoneInfo.Utc));

    [Fact]
    public void Parse_EveryWithAMillionDigitsAndNoUnit_IsRefusedInOneGo() => Assert.Throws<FormatException>(() => CronSchedule.Parse("@every " + new string('1', 1_000_000)));

    [Theory]
    [InlineData("whenever", "expected exactly 5 fields, found 1: [whenever]")]
    [InlineData("* * * * 7", "end of range (7) above maximum (6): 7")]
    [InlineData("60 * * * *", "end of range (60) above maximum (59): 60")]
    [InlineData("* * 0 * *", "beginning of range (0) below minimum (1): 0")]
    [InlineData("5-2 * * * *", "beginning of range (5) beyond end of range (2): 5-2")]
    [InlineData("*/0 * * * *", "step of range should be a positive number: */0")]
    [InlineData("1/2/3 * * * *", "too many slashes: 1/2/3")]
    [InlineData("@every 2562048h", "failed to parse duration @every 2562048h: time: invalid duration \"2562048h\"")]
    [InlineData("@often", "unrecognized descriptor: @often")]
    public void Parse_Malformed_SaysWhy(string schedule, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => CronSchedule.Parse(schedule)).Message);

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
