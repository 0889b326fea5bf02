using Microsoft.AspNetCore.Http;
using Orrery.Server.Handlers;

namespace Orrery.Server.Tests.Handlers;

public sealed class WarningTests
{
    [Theory]
    [InlineData("plain", "299 - \"plain\"")]
    [InlineData("a \"b\" \\c", "299 - \"a \\\"b\\\" \\\\c\"")]
    [InlineData("one\r\nSet-Cookie: two", "299 - \"one??Set-Cookie: two\"")]
    [InlineData("über", "299 - \"?ber\"")]
    public void Add_TextOfWhateverOrigin_StaysWithinOneHeader(string text, string header)
    {
        var http = new DefaultHttpContext();

        Warnings.Add(http.Response, [text, text]);

        Assert.Equal(header, Assert.Single(http.Response.Headers["Warning"].ToArray()));
    }
}
