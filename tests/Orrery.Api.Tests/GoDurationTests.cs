namespace Orrery.Api.Tests;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("300ms", 0.3)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5s", 1.5)]
    [InlineData(".5m1.s", 31)]
    [InlineData("20µs", 2e-5)]
    [InlineData("20μs", 2e-5)]
    public void Parse_Duration_IsItsSeconds(string text, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), GoDuration.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("-5s")]
    [InlineData("s")]
    [InlineData(".s")]
    [InlineData("1..2s")]
    [InlineData("1 s")]
    [InlineData("1d")]
    [InlineData("2562048h")]
    public void Parse_AnythingElse_IsNull(string text) => Assert.Null(GoDuration.Parse(text));

    [Fact]
    public void Parse_MillionDigits_IsNullInOneGo() => Assert.Null(GoDuration.Parse(new string('1', 1_000_000) + "h"));
}
