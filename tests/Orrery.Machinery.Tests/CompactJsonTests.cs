using System.Text;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Tests;

public sealed class CompactJsonTests
{
    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"yes":"on","n":"0644"}},"data":{"a":"","b":"~","c":"null","d":"2001-01-01","e":"1_000","f":"<<"}}""")]
    [InlineData("""{"a":[1,-1,0,10,9223372036854775807,-9223372036854775808],"b":[true,false,null],"c":[[],{},[[]]]}""")]
    [InlineData("""{"text":"#!/bin/sh\necho \"x\" \\ \t \b \f \r : - ? & * ! | > ' % @ `","key: with # signs":1}""")]
    [InlineData("""{"a":"\u003Cb\u003e \u0026 \u00e9 \u2028 \u0001 \\ud83d \\/ \uFFFD"}""")]
    [InlineData("""{ "a" : { "b": [ 1, 2 ] , "<<": {"c": 1} } }""")]
    [InlineData("{\"a\":1}\n")]
    public void TryParse_JsonOnOneLine_IsWhatYamlReads(string text)
    {
        JsonObject? read = CompactJson.TryParse(Encoding.UTF8.GetBytes(text));

        Assert.NotNull(read);
        Assert.Equal(YamlJson.Parse(text)!.ToJsonString(), read.ToJsonString());
    }

    /// <summary>Each is taken by YAML in a way of its own, or refused in its own words.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("a: 1")]
    [InlineData("[1]")]
    [InlineData("{a: 1}")]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":{"b":1,"b":1}}""")]
    [InlineData("""{"a":1.0}""")]
    [InlineData("""{"a":1e3}""")]
    [InlineData("""{"a":-0}""")]
    [InlineData("""{"a":9223372036854775808}""")]
    [InlineData("""{"a":0644}""")]
    [InlineData("""{"a":"\/"}""")]
    [InlineData("""{"a":"\ud83d\ude00"}""")]
    [InlineData("""{"a":"é"}""")]
    [InlineData("{\"a\":\n1}")]
    [InlineData("{\"a\":\t1}")]
    [InlineData("""{"a":1""")]
    [InlineData("""{"a":1} x""")]
    [InlineData("""{"a":1}{"b":1}""")]
    [InlineData("""{"a":1,}""")]
    [InlineData("""{"a":1} # more""")]
    public void TryParse_WhatYamlMightReadOtherwise_IsLeftToIt(string text) => Assert.Null(CompactJson.TryParse(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void TryParse_KeyBeyondYamlsBound_IsLeftToIt() => Assert.Null(CompactJson.TryParse(Encoding.UTF8.GetBytes($$"""{"{{new string('k', 1100)}}":1}""")));
}
