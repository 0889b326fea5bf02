namespace Orrery.Api.Tests;

public sealed class FieldSelectorTests
{
    private static string? Field(string name) => name switch { "metadata.name" => "a", "status.phase" => "Running", "x" => "1,2=3\\", _ => null };

    [Theory]
    [InlineData("", true)]
    [InlineData("metadata.name=a", true)]
    [InlineData("metadata.name==a,status.phase!=Failed", true)]
    [InlineData("metadata.name=a,status.phase=Failed", false)]
    [InlineData("metadata.name!=a", false)]
    [InlineData("nope=", true)]
    [InlineData("=,metadata.name=a", true)]
    [InlineData("!=", true)]
    [InlineData("x=1\\,2\\=3\\\\", true)]
    public void Matches_Terms_AllMustHold(string text, bool matches) => Assert.Equal(matches, FieldSelector.Parse(text).Matches(Field));

    [Theory]
    [InlineData("a", "invalid selector: 'a'; can't understand 'a'")]
    [InlineData("a=b=c", "invalid field selector: unescaped character in value: 61")]
    [InlineData("a=b\\c", "invalid field selector: invalid escape sequence: \\c")]
    public void Parse_Malformed_SaysWhatUpstreamSays(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => FieldSelector.Parse(text)).Message);

    [Fact]
    public void Restrict_FieldThatTheKindDoesNotOffer_IsRefusedInUpstreamsWords()
    {
        FieldSelector selector = FieldSelector.Parse("data.k=v");
        Assert.Equal("\"data.k\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"", Assert.Throws<FormatException>(() => selector.Restrict(null)).Message);
        Assert.Equal("field label not supported: data.k", Assert.Throws<FormatException>(() => selector.Restrict(["spec.nodeName"])).Message);
        FieldSelector.Parse("spec.nodeName=n,metadata.namespace=x").Restrict(["spec.nodeName"]);
    }

    [Fact]
    public void Exact_Term_GivesTheOneValue()
    {
        FieldSelector selector = FieldSelector.Parse("metadata.name=a,spec.nodeName!=n");
        Assert.Equal("a", selector.Exact("metadata.name"));
        Assert.Null(selector.Exact("spec.nodeName"));
        Assert.Equal("metadata.name=a,spec.nodeName!=n", selector.ToString());
    }
}
