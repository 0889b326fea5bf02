using System.Net;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Testing;

namespace Orrery.Server.Tests.OpenApi;

public sealed class OpenApiEndpointTests
{
    [Fact]
    public async Task Get_IndexAndDocument_AreCachedByHash()
    {
        await using TestServer server = await TestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using HttpClient http = Client(server);
        using HttpResponseMessage index = await http.GetAsync(new Uri("/openapi/v3", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("text/plain", index.Content.Headers.ContentType!.MediaType);
        JsonNode paths = JsonNode.Parse(await index.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["paths"]!;
        string url = (string)paths["apis/apps/v1"]!["serverRelativeURL"]!;
        using HttpResponseMessage document = await http.GetAsync(new Uri(url, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, document.StatusCode);
        Assert.Equal("public, immutable", string.Join(", ", document.Headers.GetValues("Cache-Control")));
        Assert.True(document.Content.Headers.Expires > document.Headers.Date!.Value.AddDays(360));
        JsonNode apps = JsonNode.Parse(await document.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.NotNull(apps["components"]!["schemas"]!["io.k8s.api.apps.v1.Deployment"]);
        using var again = new HttpRequestMessage(HttpMethod.Get, new Uri(url, UriKind.Relative));
        again.Headers.IfNoneMatch.Add(document.Headers.ETag!);
        using HttpResponseMessage unchanged = await http.SendAsync(again, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        using HttpResponseMessage unknown = await http.GetAsync(new Uri("/openapi/v3/apis/nope/v1", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Theory]
    [InlineData("/api")]
    [InlineData("/apis")]
    [InlineData("/apis/apps")]
    [InlineData("/apis/apps/v1")]
    [InlineData("/version")]
    [InlineData("/healthz")]
    [InlineData("/openapi/v2")]
    [InlineData("/openapi/v3")]
    [InlineData("/openapi/v3/apis/apps/v1")]
    [InlineData("/api/v1/namespaces")]
    [InlineData("/api/v1/namespaces/nope")]
    [InlineData("/apis/apps/v1/deployments")]
    [InlineData("/nowhere")]
    public async Task Get_Anything_IsForNoCacheButTheClients(string path)
    {
        await using TestServer server = await TestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using HttpClient http = Client(server);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        using HttpResponseMessage answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal("no-cache, private", string.Join(", ", answer.Headers.GetValues("Cache-Control")));
    }

    [Fact]
    public async Task Get_Documents_AreJsonOrProtobuf()
    {
        await using TestServer server = await TestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using HttpClient http = Client(server);
        JsonNode swagger = JsonNode.Parse(await http.GetStringAsync(new Uri("/openapi/v2", UriKind.Relative), TestContext.Current.CancellationToken))!;
        Assert.Equal("2.0", (string?)swagger["swagger"]);
        using HttpClient old = Client(server, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
        using HttpResponseMessage answer = await old.GetAsync(new Uri("/openapi/v2", UriKind.Relative), TestContext.Current.CancellationToken);
        byte[] protobuf = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

        // Field 1, three bytes of text; field 2, the title and version.
        Assert.Equal("0A03322E30", Convert.ToHexString(protobuf)[..10]);
        Assert.True(protobuf.AsSpan().IndexOf("io.k8s.api.apps.v1.Deployment"u8) > 0);
        using HttpClient third = Client(server, "application/com.github.proto-openapi.spec.v3@v1.0+protobuf");
        using HttpResponseMessage apps = await third.GetAsync(new Uri("/openapi/v3/apis/apps/v1", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("application/com.github.proto-openapi.spec.v3.v1.0+protobuf", apps.Content.Headers.ContentType!.MediaType);
        Assert.Equal("0A05332E302E30", Convert.ToHexString(await apps.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken))[..14]);
        using HttpClient other = Client(server, "text/html");
        using HttpResponseMessage refused = await other.GetAsync(new Uri("/openapi/v2", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotAcceptable, refused.StatusCode);
    }

    [Fact]
    public async Task Kubectl_Explain_ShowsFieldsAndTypes()
    {
        Assert.SkipUnless(Kubectl.IsInstalled, "kubectl is not installed");
        await using TestServer server = await TestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var kubectl = new Kubectl(server, ClusterName.Root);
        string spec = (await kubectl.RunAsync("explain", "deployment.spec")).Succeeded();
        Assert.Contains("GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n", spec, StringComparison.Ordinal);
        Assert.Contains("FIELD: spec <DeploymentSpec>", spec, StringComparison.Ordinal);
        Assert.Contains("  selector\t<LabelSelector> -required-", spec, StringComparison.Ordinal);
        Assert.Contains("  replicas\t<integer>", spec, StringComparison.Ordinal);
        string all = (await kubectl.RunAsync("explain", "pods", "--recursive")).Succeeded();
        Assert.Contains("terminationGracePeriodSeconds\t<integer>", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kubectl_Apply_RefusesAnUnknownFieldAndDiffsAKnownOne()
    {
        Assert.SkipUnless(Kubectl.IsInstalled, "kubectl is not installed");
        await using TestServer server = await TestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var kubectl = new Kubectl(server, ClusterName.Root);
        const string manifest = "apiVersion: v1\nkind: Namespace\nmetadata: { name: told, labels: { a: \"1\" } }\n";
        (await kubectl.RunAsync(manifest, ["apply", "-f", "-"], TestContext.Current.CancellationToken)).Succeeded();
        KubectlResult diff = await kubectl.RunAsync(manifest.Replace("\"1\"", "\"2\"", StringComparison.Ordinal), ["diff", "-f", "-"], TestContext.Current.CancellationToken);
        Assert.Equal(1, diff.ExitCode);
        Assert.Contains("+    a: \"2\"", diff.Output, StringComparison.Ordinal);
        KubectlResult refused = await kubectl.RunAsync(manifest + "nope: 1\n", ["apply", "-f", "-"], TestContext.Current.CancellationToken);
        Assert.Contains("unknown field \"nope\"", refused.Error, StringComparison.Ordinal);
        Assert.Equal(1, refused.ExitCode);
    }

    private static HttpClient Client(TestServer server, string accept = "application/json")
    {
        var handler = new SocketsHttpHandler();
        // The certificate's authority is the test's own; what is tested here is not TLS.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        var http = new HttpClient(handler) { BaseAddress = new Uri(server.Url.GetLeftPart(UriPartial.Authority)) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", server.AdminToken(ClusterName.Root));
        http.DefaultRequestHeaders.TryAddWithoutValidation("Accept", accept);
        return http;
    }
}
