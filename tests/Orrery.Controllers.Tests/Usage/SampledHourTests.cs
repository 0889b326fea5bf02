using System.Globalization;
using Orrery.Controllers.Usage;

namespace Orrery.Controllers.Tests.Usage;

/// <summary>For which time a sample of what tenants use stands.</summary>
public sealed class SampledHourTests
{
    [Theory]
    [InlineData(null, "01 10:30:20", "01 10:29:20-01 10:30:20")]
    [InlineData("01 10:29:25", "01 10:30:20", "01 10:29:25-01 10:30:20")]
    [InlineData("01 10:26:00", "01 10:30:20", "01 10:26:00-01 10:30:20")]
    [InlineData("01 10:25:00", "01 10:30:20", "01 10:29:20-01 10:30:20")]
    [InlineData("01 11:25:00", "01 10:30:20", "01 10:29:20-01 10:30:20")]
    [InlineData("01 10:59:40", "01 11:00:41", "01 10:59:40-01 11:00:00 01 11:00:00-01 11:00:41")]
    [InlineData("01 23:59:10", "02 00:00:10", "01 23:59:10-02 00:00:00 02 00:00:00-02 00:00:10")]
    [InlineData("01 10:59:00", "01 11:00:00", "01 10:59:00-01 11:00:00")]
    public void Between_TwoSamples_IsTheTimeBetweenThemWithinWhatIsKnown(string? last, string now, string expected) =>
        Assert.Equal(expected, string.Join(' ', SampledHour.Between(last is null ? null : At(last), At(now), TimeSpan.FromMinutes(1)).Select(p => $"{p.From:dd HH:mm:ss}-{p.To:dd HH:mm:ss}")));

    /// <summary>Whoever samples how irregularly, with restarts in between: no second is told twice, and none is lost that somebody knew of.</summary>
    [Fact]
    public void Between_ADayOfRestarts_AddsUpToTheDay()
    {
        var chance = new Random(7);
        DateTimeOffset begin = At("01 00:00:00"), last = begin, now = begin;
        var hours = new double[24];
        while ((now += TimeSpan.FromSeconds(chance.Next(20, 290))) < begin.AddDays(1))
        {
            foreach (SampledHour part in SampledHour.Between(last, now, TimeSpan.FromMinutes(1)))
            {
                hours[part.From.Hour] += (part.To - part.From).TotalSeconds;
                last = part.To;
            }
        }

        Assert.All(hours[..23], h => Assert.Equal(3600, h));
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.ParseExact("2026-01-" + text + "Z", "yyyy-MM-dd HH:mm:ssZ", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
