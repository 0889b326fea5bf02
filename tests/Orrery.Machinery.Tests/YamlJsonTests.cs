namespace Orrery.Machinery.Tests;

public sealed class YamlJsonTests
{
    [Theory]
    [InlineData("a: y", """{"a":true}""")]
    [InlineData("a: off", """{"a":false}""")]
    [InlineData("a: 'yes'", """{"a":"yes"}""")]
    [InlineData("a: 0644", """{"a":420}""")]
    [InlineData("a: 0o17", """{"a":15}""")]
    [InlineData("a: 0x1F", """{"a":31}""")]
    [InlineData("a: 1_000", """{"a":1000}""")]
    [InlineData("a: -9223372036854775808", """{"a":-9223372036854775808}""")]
    [InlineData("a: 18446744073709551615", """{"a":18446744073709551615}""")]
    [InlineData("a: 1.0", """{"a":1}""")]
    [InlineData("a: 1.25", """{"a":1.25}""")]
    [InlineData("a: 1e3", """{"a":1000}""")]
    [InlineData("a: 1e30", """{"a":1e+30}""")]
    [InlineData("a: 0.0000001", """{"a":1e-7}""")]
    [InlineData("a: 2026-11-21", """{"a":"2026-11-21"}""")]
    [InlineData("a: 1.2.3", """{"a":"1.2.3"}""")]
    [InlineData("a: 100m", """{"a":"100m"}""")]
    [InlineData("a: ~\nb:\nc: null", """{"a":null,"b":null,"c":null}""")]
    [InlineData("1: a\ntrue: b", """{"1":"a","true":"b"}""")]
    [InlineData("a: 1\na: 2", """{"a":2}""")]
    [InlineData("a: &x {b: 1}\nc: *x", """{"a":{"b":1},"c":{"b":1}}""")]
    [InlineData("a: &x {b: 1, c: 1}\nd:\n  <<: *x\n  c: 2", """{"a":{"b":1,"c":1},"d":{"c":2,"b":1}}""")]
    [InlineData("a: |\n  x\n  y\n", """{"a":"x\ny\n"}""")]
    [InlineData("{\"a\": [1, {\"b\": null}]}", """{"a":[1,{"b":null}]}""")]
    [InlineData("a: !!str 1", """{"a":"1"}""")]
    public void Parse_Scalar_IsTypedAsKubernetesDoes(string yaml, string json) => Assert.Equal(json, YamlJson.Parse(yaml)!.ToJsonString());

    [Fact]
    public void ParseAll_ThreeDocuments_YieldsEachInOrder()
    {
        string[] documents = [.. YamlJson.ParseAll("# first\n---\na: 1\n---\n---\nb: 2\n").Select(d => d?.ToJsonString() ?? "null")];
        Assert.Equal(["""{"a":1}""", "null", """{"b":2}"""], documents);
    }

    [Fact]
    public void Parse_NoDocument_ReturnsNull() => Assert.Null(YamlJson.Parse("# nothing\n"));

    [Theory]
    [InlineData("a: [1}")]
    [InlineData("a: *nope")]
    [InlineData("a: b: c")]
    [InlineData("a: .inf")]
    public void Parse_Fault_SaysWhere(string yaml) => Assert.Contains("yaml: line 1", Assert.Throws<FormatException>(() => YamlJson.Parse(yaml)).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_ExponentialAliases_IsRefused()
    {
        string yaml = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(1, 12).Select(i => $"a{i}: &a{i} [{string.Join(",", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        Assert.Contains("excessive aliasing", Assert.Throws<FormatException>(() => YamlJson.Parse(yaml)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_TooDeep_IsRefused() =>
        Assert.Contains("exceeded max depth", Assert.Throws<FormatException>(() => YamlJson.Parse(new string('[', 5000) + new string(']', 5000))).Message, StringComparison.Ordinal);
}
