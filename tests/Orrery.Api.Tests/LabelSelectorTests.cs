using System.Text.Json.Nodes;

namespace Orrery.Api.Tests;

public sealed class LabelSelectorTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "web", ["tier"] = "gold", ["size"] = "7", ["empty"] = "" };

    [Theory]
    [InlineData("", true)]
    [InlineData("app=web", true)]
    [InlineData("app==web", true)]
    [InlineData("app = web , tier=gold", true)]
    [InlineData("app=web,tier=tin", false)]
    [InlineData("app!=web", false)]
    [InlineData("nope!=web", true)]
    [InlineData("app in (web,db)", true)]
    [InlineData("app in (db)", false)]
    [InlineData("app notin (db,cache)", true)]
    [InlineData("nope notin (db)", true)]
    [InlineData("app", true)]
    [InlineData("nope", false)]
    [InlineData("!nope", true)]
    [InlineData("!app", false)]
    [InlineData("size>6", true)]
    [InlineData("size<7", false)]
    [InlineData("app>6", false)]
    [InlineData("empty=", true)]
    [InlineData("empty in (,x)", true)]
    [InlineData("empty in (x,,)", true)]
    [InlineData("app in (web,,)", true)]
    [InlineData("app in (,,)", false)]
    [InlineData("empty in ()", true)]
    [InlineData("empty notin ()", false)]
    [InlineData("app in ()", false)]
    [InlineData("in in (in)", false)]
    public void Matches_QueryForm_AsUpstream(string text, bool matches) => Assert.Equal(matches, LabelSelector.Parse(text).Matches(Labels));

    [Theory]
    [InlineData("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt")]
    [InlineData("tier=gold,=", "found '=', expected: identifier after ','")]
    [InlineData("a=b=c", "found '=', expected: ',' or 'end of string'")]
    [InlineData("=b", "found '=', expected: !, identifier, or 'end of string'")]
    [InlineData("a in b", "unable to parse requirement: found 'b' expected: '('")]
    [InlineData("a>b", "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer")]
    [InlineData("-a", "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")]
    public void Parse_Malformed_SaysWhatUpstreamSays(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => LabelSelector.Parse(text)).Message);

    [Theory]
    [InlineData("tier in (b,a),app=web,!x,y", "app=web,tier in (a,b),!x,y")]
    [InlineData("size>3,size<9,a!=b,c==d,e notin (f)", "a!=b,c==d,e notin (f),size>3,size<9")]
    public void ToString_Parsed_IsCanonicalAndReadsBack(string text, string canonical)
    {
        Assert.Equal(canonical, LabelSelector.Parse(text).ToString());
        Assert.Equal(canonical, LabelSelector.Parse(canonical).ToString());
    }

    [Theory]
    [InlineData("""{}""", true)]
    [InlineData("""{"matchLabels":{"app":"web"}}""", true)]
    [InlineData("""{"matchLabels":{"app":"db"}}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"tier","operator":"In","values":["gold","tin"]},{"key":"x","operator":"DoesNotExist"}]}""", true)]
    [InlineData("""{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"tier","operator":"NotIn","values":["gold"]}]}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"size","operator":"Exists"}]}""", true)]
    public void FromJson_ObjectForm_Matches(string json, bool matches) =>
        Assert.Equal(matches, LabelSelector.FromJson(JsonNode.Parse(json)!.AsObject()).Matches(Labels));

    [Fact]
    public void FromJson_Null_MatchesNothing()
    {
        Assert.True(LabelSelector.FromJson(null).IsNothing);
        Assert.False(LabelSelector.FromJson(null).Matches(Labels));
    }

    [Fact]
    public void FromJson_UnknownOperator_IsRefused() => Assert.Equal(
        "\"Near\" is not a valid label selector operator",
        Assert.Throws<FormatException>(() => LabelSelector.FromJson((JsonObject)JsonNode.Parse("""{"matchExpressions":[{"key":"a","operator":"Near"}]}""")!)).Message);
}
