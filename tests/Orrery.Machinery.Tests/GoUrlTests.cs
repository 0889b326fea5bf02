namespace Orrery.Machinery.Tests;

/// <summary>What Go's net/url makes of these texts.</summary>
public sealed class GoUrlTests
{
    [Theory]
    [InlineData("https://user:pw@example.com:8080/a b?q=1#frag", "https", "example.com:8080", "/a%20b", "q=1", "frag")]
    [InlineData("mailto:jane@example.com", "mailto", "", "", "", "")]
    [InlineData("HTTP://[fe80::1%25en0]:80/", "http", "[fe80::1%en0]:80", "/", "", "")]
    [InlineData("mongodb://a:1,b:2/x", "mongodb", "a:1,b:2", "/x", "", "")]
    [InlineData("//host/path", "", "host", "/path", "", "")]
    [InlineData("/a%2fb/\"é\"", "", "", "/a/b/%22%C3%A9%22", "", "")]
    [InlineData("/a%2fb", "", "", "/a%2fb", "", "")]
    [InlineData("*", "", "", "*", "", "")]
    [InlineData("https://example.com?", "https", "example.com", "", "", "")]
    public void Parse_WhatGoTakes_HasItsParts(string text, string scheme, string host, string path, string query, string fragment)
    {
        GoUrl? url = GoUrl.Parse(text, out string fault);

        Assert.Equal("", fault);
        Assert.Equal((scheme, host, path, query, fragment), (url!.Scheme, url.Host, url.Path, url.RawQuery, url.Fragment));
    }

    [Theory]
    [InlineData("../relative", "parse \"../relative\": invalid URI for request")]
    [InlineData("", "parse \"\": empty url")]
    [InlineData(":x", "parse \":x\": missing protocol scheme")]
    [InlineData("/a\tb", "parse \"/a\\tb\": net/url: invalid control character in URL")]
    [InlineData("/a%zz", "parse \"/a%zz\": invalid URL escape \"%zz\"")]
    [InlineData("/a%4", "parse \"/a%4\": invalid URL escape \"%4\"")]
    [InlineData("https://a:b:c/", "parse \"https://a:b:c/\": invalid port \":b:c\" after host")]
    [InlineData("https://example.com:80:80/", "parse \"https://example.com:80:80/\": invalid port \":80:80\" after host")]
    [InlineData("https://exa mple.com/", "parse \"https://exa mple.com/\": invalid character \" \" in host name")]
    [InlineData("https://ex%41mple.com/", "parse \"https://ex%41mple.com/\": invalid URL escape \"%41\"")]
    [InlineData("https://[::1/", "parse \"https://[::1/\": missing ']' in host")]
    [InlineData("https://a[::1]/", "parse \"https://a[::1]/\": invalid IP-literal")]
    [InlineData("https://[127.0.0.1]/", "parse \"https://[127.0.0.1]/\": invalid IP-literal")]
    [InlineData("https://us er@example.com/", "parse \"https://us er@example.com/\": net/url: invalid userinfo")]
    public void Parse_WhatGoRefuses_SaysWhy(string text, string message)
    {
        Assert.Null(GoUrl.Parse(text, out string fault));
        Assert.Equal(message, fault);
    }

    /// <summary>A target of a request with two slashes and no scheme is a path, whatever stands there; as a URL it names a host.</summary>
    [Fact]
    public void TargetFault_TwoSlashesWithoutScheme_NameNoHost()
    {
        Assert.Null(GoUrl.TargetFault("//a:b:c/"));
        Assert.Null(GoUrl.Parse("//a:b:c/", out string fault));
        Assert.Equal("parse \"//a:b:c/\": invalid port \":c\" after host", fault);
    }

    [Fact]
    public void Parameters_WhatCannotBeDecoded_IsLeftOut()
    {
        GoUrl url = GoUrl.Parse("/p?a=1&b=%zz&c;d=2&a=x+y%21&e", out _)!;

        Assert.Equal(["a=1", "a=x y!", "e="], url.Parameters().Select(p => $"{p.Key}={p.Value}"));
    }
}
