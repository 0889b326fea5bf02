namespace Orrery.Api.Tests;

public sealed class NamesTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("my-name")]
    [InlineData("123-abc")]
    public void CheckDns1123Label_Valid_HasNoFaults(string name) => Assert.Empty(Names.CheckDns1123Label(name));

    [Theory]
    [InlineData("a.b", "must not contain dots")]
    [InlineData("Bad_Name", "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')")]
    [InlineData("a\n", "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')")]
    public void CheckDns1123Label_Invalid_SaysWhatUpstreamSays(string name, string fault) => Assert.Equal([fault], Names.CheckDns1123Label(name));

    [Fact]
    public void Check_TooLong_NamesTheBound()
    {
        Assert.Equal(["must be no more than 63 characters"], Names.CheckDns1123Label(new string('a', 64)));
        Assert.Equal(["must be no more than 253 characters"], Names.CheckDns1123Subdomain(new string('a', 254)));
        Assert.Equal(["must be no more than 63 bytes"], Names.CheckLabelValue(new string('a', 64)));
        Assert.Equal(["must be no more than 15 characters"], Names.CheckPortName(new string('a', 16)));
    }

    [Fact]
    public void CheckQualifiedName_EachPart_IsNamed()
    {
        Assert.Empty(Names.CheckQualifiedName("example.com/My.Name_1"));
        Assert.Equal(["prefix part must be non-empty"], Names.CheckQualifiedName("/a"));
        Assert.Equal("name part must be non-empty", Names.CheckQualifiedName("a/")[0]);
        Assert.StartsWith("prefix part a lowercase RFC 1123 subdomain", Assert.Single(Names.CheckQualifiedName("A/b")), StringComparison.Ordinal);
        Assert.StartsWith("a valid label key must consist", Assert.Single(Names.CheckQualifiedName("a/b/c")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("a-1")]
    public void CheckPortName_Valid_HasNoFaults(string name) => Assert.Empty(Names.CheckPortName(name));

    [Theory]
    [InlineData("1", "must contain at least one letter (a-z)")]
    [InlineData("a--b", "must not contain consecutive hyphens")]
    [InlineData("-a", "must not begin or end with a hyphen")]
    public void CheckPortName_Invalid_SaysWhatUpstreamSays(string name, string fault) => Assert.Equal([fault], Names.CheckPortName(name));

    [Fact]
    public void CheckOthers_Faults_AreUpstreams()
    {
        Assert.Empty(Names.CheckConfigKey("a.b_c-D"));
        Assert.Equal(["must not be '..'"], Names.CheckConfigKey(".."));
        Assert.Equal(["must not start with '..'"], Names.CheckConfigKey("..a"));
        Assert.Empty(Names.CheckEnvironmentName("1 odd:name"));
        Assert.Single(Names.CheckEnvironmentName("a=b"));
        Assert.Equal(["may not contain '/'"], Names.CheckPathSegment("a/b"));
        Assert.Empty(Names.CheckPathSegment("system:node"));
        Assert.Equal(["must be between 1 and 65535, inclusive"], Names.CheckPortNumber(70000));
        Assert.Empty(Names.CheckWildcardSubdomain("*.example.com"));
        Assert.Single(Names.CheckWildcardSubdomain("example.com"));
        Assert.Single(Names.CheckDns1035Label("1a"));
    }

    [Fact]
    public void Generate_Base_IsCutAndFiveCharactersAreAdded()
    {
        string name = Names.Generate("gen-", new Random(7));
        Assert.Matches("^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$", name);
        Assert.Equal(name, Names.Generate("gen-", new Random(7)));
        Assert.Equal(63, Names.Generate(new string('a', 100), new Random(7)).Length);
    }
}
