using Orrery.Machinery.Kinds.Batch;

namespace Orrery.Machinery.Tests.Kinds;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("*/5 * * * *", "2026-03-01T12:03:10Z", "2026-03-01T12:05:00Z")]
    [InlineData("0 0 * * *", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")]
    [InlineData("30 4 1,15 * 5", "2026-03-02T00:00:00Z", "2026-03-06T04:30:00Z")]
    [InlineData("0 12 29 feb *", "2026-03-01T00:00:00Z", "2028-02-29T12:00:00Z")]
    [InlineData("@hourly", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z")]
    [InlineData("15-20/5 8-10 * * mon-fri", "2026-03-01T00:00:00Z", "2026-03-02T08:15:00Z")]
    public void Next_AfterATime_IsTheFirstThatFits(string schedule, string after, string next) =>
        Assert.Equal(DateTimeOffset.Parse(next, null), CronSchedule.Parse(schedule).Next(DateTimeOffset.Parse(after, null)));

    [Fact]
    public void Next_DayThatNeverComes_IsNull() => Assert.Null(CronSchedule.Parse("0 0 31 2 *").Next(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)));

    [Fact]
    public void Parse_EveryWithAMillionDigitsAndNoUnit_IsRefusedInOneGo() => Assert.Throws<FormatException>(() => CronSchedule.Parse("@every " + new string('1', 1_000_000)));

    [Theory]
    [InlineData("whenever", "expected exactly 5 fields, found 1: [whenever]")]
    [InlineData("60 * * * *", "end of range (60) above maximum (59): 60")]
    [InlineData("* * 0 * *", "beginning of range (0) below minimum (1): 0")]
    [InlineData("5-2 * * * *", "beginning of range (5) beyond end of range (2): 5-2")]
    [InlineData("*/0 * * * *", "step of range should be a positive number: */0")]
    [InlineData("1/2/3 * * * *", "too many slashes: 1/2/3")]
    [InlineData("@often", "unrecognized descriptor: @often")]
    public void Parse_Malformed_SaysWhy(string schedule, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => CronSchedule.Parse(schedule)).Message);
}
