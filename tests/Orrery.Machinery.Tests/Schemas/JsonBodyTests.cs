using System.Text;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Schemas;

public sealed class JsonBodyTests
{
    [Theory]
    [InlineData("""{"a":1,"b":2,"a":3}""", """{"a":3,"b":2}""")]
    [InlineData("""[1,1.50,-0,1e3,12345678901234567890,"\u00e9",null,true]""", """[1,1.50,0,1e3,12345678901234567890,"\u00E9",null,true]""")]
    public void Parse_Json_KeepsNumbersAndTheLastOfRepeatedMembers(string given, string wanted) =>
        Assert.Equal(wanted, JsonBody.Parse(Encoding.UTF8.GetBytes(given))!.ToJsonString());

    [Theory]
    [InlineData("", "unexpected end of JSON input")]
    [InlineData("{\"a\":", "unexpected end of JSON input")]
    [InlineData("{\"a\"", "unexpected end of JSON input")]
    [InlineData("{\"a", "unexpected end of JSON input")]
    [InlineData("{not json", "invalid character 'n' looking for beginning of object key string")]
    [InlineData("{\"a\":x}", "invalid character 'x' looking for beginning of value")]
    [InlineData("{} x", "invalid character 'x' after top-level value")]
    [InlineData("{\"a\":1 x}", "invalid character 'x' after object key:value pair")]
    [InlineData("- a", "invalid character ' ' in numeric literal")]
    [InlineData("-", "unexpected end of JSON input")]
    [InlineData("1.x", "invalid character 'x' after decimal point in numeric literal")]
    [InlineData("1e+,", "invalid character ',' in exponent of numeric literal")]
    [InlineData("01", "invalid character '1' after top-level value")]
    [InlineData("{\"a\":tru}", "invalid character '}' in literal true (expecting 'e')")]
    [InlineData("[nul", "unexpected end of JSON input")]
    [InlineData("[1 2]", "invalid character '2' after array element")]
    [InlineData("[1,]", "invalid character ']' looking for beginning of value")]
    [InlineData("{\"a\" 1}", "invalid character '1' after object key")]
    [InlineData("{\"a\":1,}", "invalid character '}' looking for beginning of object key string")]
    [InlineData("{\"a\":{}]", "invalid character ']' after object key:value pair")]
    [InlineData("\"\\x\"", "invalid character 'x' in string escape code")]
    [InlineData("\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape")]
    [InlineData("\"a\nb\"", "invalid character '\\n' in string literal")]
    public void Parse_Fault_HasGosText(string given, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => JsonBody.Parse(Encoding.UTF8.GetBytes(given))).Message);

    [Fact]
    public void Parse_TooDeep_IsRefused()
    {
        string deep = new string('[', 20000) + new string(']', 20000);
        Assert.Equal("invalid character '[' exceeded max depth", Assert.Throws<FormatException>(() => JsonBody.Parse(Encoding.UTF8.GetBytes(deep))).Message);
        int most = JsonBody.MaxDepth;
        Assert.NotNull(JsonBody.Parse(Encoding.UTF8.GetBytes(new string('[', most) + new string(']', most))));
    }

    [Fact]
    public void Parse_NoUtf8_IsRefused() => Assert.Throws<FormatException>(() => JsonBody.Parse([(byte)'"', 0xff, (byte)'"']));

    [Fact]
    public void Check_ListsAndMaps_NamesEachPlaceInOrder()
    {
        byte[] body = Encoding.UTF8.GetBytes("""{"spec":{"containers":[{"nam":"a","nam":"b"},{"ports":[{"x":1}]}],"nodeSelector":{"any":"1"}},"top":1}""");
        Assert.Equal(
            ["unknown field \"spec.containers[0].nam\"", "duplicate field \"spec.containers[0].nam\"", "unknown field \"spec.containers[1].ports[0].x\"", "unknown field \"top\""],
            StrictDecoding.Check(body, BuiltinTypes.Instance.Find(new GroupVersionKind("", "v1", "Pod"))!));
    }
}
