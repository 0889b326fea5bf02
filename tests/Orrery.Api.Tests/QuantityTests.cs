namespace Orrery.Api.Tests;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("0Mi", "0")]
    [InlineData("1", "1")]
    [InlineData("+1", "1")]
    [InlineData("-1", "-1")]
    [InlineData("1000m", "1")]
    [InlineData("0.5", "500m")]
    [InlineData(".5", "500m")]
    [InlineData("1.", "1")]
    [InlineData("1500m", "1500m")]
    [InlineData("100", "100")]
    [InlineData("1000", "1k")]
    [InlineData("1100", "1100")]
    [InlineData("10000", "10k")]
    [InlineData("1024Mi", "1Gi")]
    [InlineData("1Gi", "1Gi")]
    [InlineData("1000Mi", "1000Mi")]
    [InlineData("1023", "1023")]
    [InlineData("0.5Ki", "512")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("0.1Ki", "102400m")]
    [InlineData("1e3", "1e3")]
    [InlineData("12e6", "12e6")]
    [InlineData("1E", "1E")]
    [InlineData("1E2", "100")]
    [InlineData("5M", "5M")]
    [InlineData("100u", "100u")]
    [InlineData("0.1n", "1n")]
    [InlineData("-0.1n", "-1n")]
    [InlineData("99999999999999999999", "99999999999999999999")]
    [InlineData("10E", "10E")]
    [InlineData("-10E", "-10E")]
    [InlineData("12345P", "12345P")]
    [InlineData("10000E", "10000E")]
    [InlineData("1e21", "1e21")]
    [InlineData("1000e18", "1e21")]
    [InlineData("12e22", "120e21")]
    [InlineData("8Ei", "9223372036854775807")]
    [InlineData("-8Ei", "-9223372036854775807")]
    public void ToString_Parsed_IsCanonical(string text, string canonical)
    {
        Assert.Equal(canonical, Quantity.Parse(text).ToString());
        Assert.Equal(canonical, Quantity.Parse(canonical).ToString());
    }

    [Theory]
    [InlineData("", Quantity.FormatFault)]
    [InlineData("lots", Quantity.FormatFault)]
    [InlineData("1 Gi", Quantity.FormatFault)]
    [InlineData("Gi", Quantity.FormatFault)]
    [InlineData("1Gx", Quantity.FormatFault)]
    [InlineData("1mm", "unable to parse quantity's suffix")]
    [InlineData("1K", "unable to parse quantity's suffix")]
    [InlineData("1e", "unable to parse quantity's suffix")]
    public void TryParse_Malformed_SaysWhatUpstreamSays(string text, string message)
    {
        Assert.False(Quantity.TryParse(text, out _, out string fault));
        Assert.Equal(message, fault);
    }

    /// <summary>Decimal amounts are as large as they are written; as a number they are the largest there is.</summary>
    [Fact]
    public void Compare_BeyondTheLargestNumber_IsExact()
    {
        Assert.True(Quantity.Parse("10E") > Quantity.Parse("9999P"));
        Assert.True(Quantity.Parse("10E") > Quantity.Parse("8Ei"));
        Assert.Equal("11E", (Quantity.Parse("10E") + Quantity.Parse("1E")).ToString());
        Assert.Equal(long.MaxValue, Quantity.Parse("10E").Value);
        Assert.Equal(1e19, Quantity.Parse("10E").ApproximateValue);
    }

    [Fact]
    public void Compare_AcrossFormats_ByValue()
    {
        Assert.True(Quantity.Parse("1Gi") > Quantity.Parse("1G"));
        Assert.Equal(Quantity.Parse("1"), Quantity.Parse("1000m"));
        Assert.Equal(Quantity.Parse("1").GetHashCode(), Quantity.Parse("1000m").GetHashCode());
        Assert.True(Quantity.Parse("100m") < Quantity.Parse("0.2"));
    }

    [Fact]
    public void Add_KeepsTheLeftFormat()
    {
        Assert.Equal("1536Mi", (Quantity.Parse("1Gi") + Quantity.Parse("512Mi")).ToString());
        Assert.Equal("1500m", (Quantity.Parse("1") + Quantity.Parse("500m")).ToString());
        Assert.Equal("1Gi", (Quantity.Zero + Quantity.Parse("1Gi")).ToString());
        Assert.Equal("500m", (Quantity.Parse("1") - Quantity.Parse("500m")).ToString());
    }

    [Theory]
    [InlineData("10000T", 1e16)]
    [InlineData("1E", 1e18)]
    [InlineData("1.6e15", 1.6e15)]
    [InlineData("3Ei", 3458764513820540928.0)]
    [InlineData("1500m", 1.5)]
    public void ApproximateValue_WholeAmounts_AreExact(string text, double number) => Assert.Equal(number, Quantity.Parse(text).ApproximateValue);

    [Fact]
    public void Value_Fractions_AreRoundedUp()
    {
        Assert.Equal(2, Quantity.Parse("1100m").Value);
        Assert.Equal(1100, Quantity.Parse("1.1").MilliValue);
        Assert.Equal(1, Quantity.Parse("1u").MilliValue);
        Assert.True(Quantity.Parse("2").IsWhole);
        Assert.False(Quantity.Parse("2500m").IsWhole);
        Assert.Equal("3Ki", Quantity.FromWhole(3072, QuantityFormat.BinarySI).ToString());
        Assert.Equal("250m", Quantity.FromMilli(250).ToString());
    }

    [Theory]
    [InlineData("", 400_000, "", "1e2000")]
    [InlineData("-", 400_000, "M", "-1e2000")]
    [InlineData("-", 400_000, "Ki", "-9223372036854775807")]
    [InlineData("0.", 400_000, "", "1")]
    [InlineData("1.", 400_000, "n", "2n")]
    public void Parse_MoreDigitsThanCount_IsReadInOneGo(string before, int digits, string after, string amount) =>
        Assert.Equal(amount.EndsWith("1e2000", StringComparison.Ordinal) ? Quantity.Parse(amount.Replace("e2000", new string('0', 2000), StringComparison.Ordinal)) : Quantity.Parse(amount), Quantity.Parse(before + new string('9', digits) + after));

    [Theory]
    [InlineData("0000000000000000000000000000000000000000001", "1")]
    [InlineData("0e999", "0")]
    [InlineData("1e-999", "1n")]
    [InlineData("1e999", "1000e996")]
    public void Parse_ZerosAndExponents_AreExact(string text, string amount) => Assert.Equal(Quantity.Parse(amount), Quantity.Parse(text));
}
