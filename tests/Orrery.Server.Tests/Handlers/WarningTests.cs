using Microsoft.AspNetCore.Http;
using Orrery.Server.Handlers;

namespace Orrery.Server.Tests.Handlers;

public sealed class WarningTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    /// <summary>A valid object that is hardly what was meant, however it is written.</summary>
    [Fact]
    public async Task Write_OfAValidObjectThatIsOdd_SaysSo()
    {
        string path = $"/apis/apps/v1/namespaces/{await fixture.NamespaceAsync()}/deployments";
        const string Hidden = "299 - \"spec.template.spec.containers[0].env[1]: hides previous definition of \\\"A\\\", which may be dropped when using apply\"";
        const string Object = """
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":REPLICAS,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
             "spec":{"containers":[{"name":"c","image":"i","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}]}}}}
            """;
        string Of(int replicas) => Object.Replace("REPLICAS", replicas.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        using var http = new RawHttp(fixture.Server);

        (HttpMethod Method, string Target, string Body, string? Type, bool Warns)[] writes =
        [
            (HttpMethod.Post, path + "?dryRun=All", Of(1), null, true),
            (HttpMethod.Post, path, Of(1), null, true),
            (HttpMethod.Put, path + "/d", Of(1), null, false),
            (HttpMethod.Put, path + "/d", Of(2), null, true),
            (HttpMethod.Patch, path + "/d", """{"spec":{"replicas":3}}""", "application/merge-patch+json", true),
            (HttpMethod.Patch, path + "/d", """{"metadata":{"labels":{"x":"y"}}}""", "application/strategic-merge-patch+json", false),
            (HttpMethod.Patch, path + "/d/status", """{"status":{"replicas":3}}""", "application/merge-patch+json", false),
            (HttpMethod.Post, path, Of(1).Replace("\"a\":\"b\"}},\"template", "\"a\":\"c\"}},\"template", StringComparison.Ordinal), null, false),
        ];
        foreach ((HttpMethod method, string target, string body, string? type, bool warns) in writes)
        {
            using HttpResponseMessage answer = await http.SendAsync(method, target, body, type ?? "application/json");
            Assert.Equal(warns ? [Hidden] : [], answer.Headers.TryGetValues("Warning", out IEnumerable<string>? said) ? said : []);
        }
    }

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
