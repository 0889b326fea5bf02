using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Schemas;

/// <summary>Texts that a pattern could be tried on in more ways than there is time for.</summary>
public sealed class HostileTextTests
{
    [Theory]
    [InlineData("1h30m", true)]
    [InlineData("msmsms", true)]
    [InlineData("1.5w", true)]
    [InlineData("0", true)]
    [InlineData("-3ms2s", true)]
    [InlineData("1x", false)]
    [InlineData("", false)]
    public void IsValid_Duration_IsReadAsBefore(string text, bool valid) => Assert.Equal(valid, StringFormats.IsValid("duration", text));

    [Theory]
    [InlineData("ms")]
    [InlineData("1ms")]
    [InlineData("1")]
    public void IsValid_LongDurationWithAFaultAtItsEnd_IsRefusedInOneGo(string part) =>
        Assert.False(StringFormats.IsValid("duration", string.Concat(Enumerable.Repeat(part, 100_000)) + "!"));

    [Theory]
    [InlineData("a|b", 2)]
    [InlineData("^[a-z]{1,63}$", 65)]
    [InlineData("(ab{10}){100}", 1100)]
    [InlineData("((a{1000}){1000}){1000}", 1_000_000_000)]
    [InlineData("[]a{9}]{3}\\{{2}", 5)]
    [InlineData("a{x}", 4)]
    [InlineData("a{5,}", 5)]
    [InlineData(")(", 1)]
    public void SizeOf_Pattern_CountsWhatItCountsUpTo(string pattern, long size) => Assert.InRange(Re2Size.Of(pattern), size - 1, size + 1);

    [Fact]
    public void Run_PatternsThatGrow_AreForgotten()
    {
        // Each of these makes a state of its own of nearly every character that it reads.
        string text = string.Concat(Enumerable.Range(0, 20_000).Select(i => ((i * 2654435761u) >> 13 & 1) == 0 ? 'a' : 'b'));
        static string Pattern(int i) => $"[ab]*a[ab]{{20}}{i}";
        Regex first = Re2.Compile(Pattern(0));

        for (int i = 0; i < 180; i++)
        {
            Assert.False(Re2.IsMatch(Pattern(i), text));
        }

        // Far fewer than are kept of patterns that stay small.
        Assert.NotSame(first, Re2.Compile(Pattern(0)));
    }

    [Theory]
    [InlineData("""{"type":"string","default":"x"}""")]
    [InlineData("""{"type":"object","properties":{"b":{"type":"string"}},"default":{"b":"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"}}""")]
    public void Apply_DefaultsOfAMillionEmptyItems_AreRefused(string member)
    {
        Schema schema = CustomSchema.Parse(JsonNode.Parse($$"""{"type":"object","properties":{"l":{"type":"array","items":{"type":"object","properties":{"a":{{member}} } } } } }""")!.AsObject());
        var json = new JsonObject { ["l"] = new JsonArray([.. Enumerable.Range(0, 600_000).Select(_ => (JsonNode)new JsonObject())]) };

        StatusException refusal = Assert.Throws<StatusException>(() => Defaulting.Apply(json, schema));

        Assert.Equal(413, refusal.Code);
    }
}
