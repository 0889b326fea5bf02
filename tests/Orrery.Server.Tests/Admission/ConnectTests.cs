using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Handlers;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

/// <summary>What admission is told of streams and proxies (apiserver <c>pkg/endpoints/handlers/rest.go</c>, ConnectResource).</summary>
public sealed class ConnectTests : IAsyncLifetime
{
    /// <summary>Refuses everything, and says what it was shown.</summary>
    private const string Shown = """
        "validations":[{"expression":"false","messageExpression":"[request.operation, request.kind.kind, request.resource.resource, request.subResource, request.name, has(request.options) ? 'options' : 'none', string(request.dryRun), object.?path.orValue('-'), object.?container.orValue('-'), object.?command.orValue([]).join(','), object.?ports.orValue([]).map(p, string(p)).join(','), string(object.?stdin.orValue(false)), string(object.?stdout.orValue(false))].join(' ')"}]
        """;

    private TestServer? server;

    private static CancellationToken Token => ServerFixture.Token;

    public async ValueTask InitializeAsync()
    {
        ISubresourceHandler[] offered =
        [
            new Never("pods", "exec"), new Never("pods", "attach"), new Never("pods", "portforward"), new Never("pods", "proxy"), new Never("services", "proxy"), new Never("nodes", "proxy"),
        ];
        server = await TestServer.StartAsync(new TestServerOptions { SubresourceHandlers = offered }, Token);
        await ServerFixture.SettledAsync(server.Admin);
        await server.Admin.CreateAsync(new GroupVersionResource("", "v1", "pods"), "default", Json("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"x"}]}}"""), Token);
        await server.Admin.CreateAsync(new GroupVersionResource("", "v1", "services"), "default", Json("""{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}"""), Token);
        await server.Admin.CreateAsync(new GroupVersionResource("", "v1", "nodes"), "", ServerFixture.Named("n"), Token);
        await PolicyWorld.BindAsync(server.Admin, "default", Shown, """{"apiGroups":[""],"apiVersions":["v1"],"operations":["CONNECT"],"resources":["pods/*","services/*","nodes/*"]}""");
    }

    public ValueTask DisposeAsync() => server!.DisposeAsync();

    [Theory]
    [InlineData("namespaces/default/pods/p/exec?command=sh&command=-c&stdin=1&stdout=true&container=c", "PodExecOptions pods exec p none false - c sh,-c  true true")]
    [InlineData("namespaces/default/pods/p/exec?command=sh&stdin=false&path=/x", "PodExecOptions pods exec p none false - - sh  false false")]
    [InlineData("namespaces/default/pods/p/attach?stdout=1", "PodAttachOptions pods attach p none false - -   false true")]
    [InlineData("namespaces/default/pods/p/portforward?ports=80,81&ports=82", "PodPortForwardOptions pods portforward p none false - -  80,81,82 false false")]
    [InlineData("namespaces/default/pods/p:8080/proxy/a/b?path=/other", "PodProxyOptions pods proxy p:8080 none false /a/b -   false false")]
    [InlineData("namespaces/default/services/http:s:80/proxy/a/", "ServiceProxyOptions services proxy http:s:80 none false /a/ -   false false")]
    [InlineData("namespaces/default/services/s/proxy", "ServiceProxyOptions services proxy s none false - -   false false")]
    [InlineData("namespaces/default/services/s/proxy/", "ServiceProxyOptions services proxy s none false / -   false false")]
    [InlineData("nodes/n/proxy/metrics", "NodeProxyOptions nodes proxy n none false /metrics -   false false")]
    public async Task Connect_IsShownWithTheOptionsOfItsKind(string path, string shown)
    {
        using var http = new RawHttp(server!);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Post, "/api/v1/" + path);

        Assert.Contains($"denied request: CONNECT {shown}\"", await answer.Content.ReadAsStringAsync(Token));
        Assert.Equal(422, (int)answer.StatusCode);
    }

    [Theory]
    [InlineData("x", """cannot convert to []int32: strconv.ParseUint: parsing \"x\": invalid syntax""")]
    [InlineData("65536", """cannot convert to []int32: strconv.ParseUint: parsing \"65536\": value out of range""")]
    public async Task Connect_ToWhatIsNoPort_400(string port, string why)
    {
        using var http = new RawHttp(server!);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/pods/p/portforward?ports=" + port);

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains(why, await answer.Content.ReadAsStringAsync(Token));
    }

    /// <summary>Every one is refused before it gets there.</summary>
    private sealed class Never(string resource, string subresource) : ISubresourceHandler
    {
        public GroupResource Resource => new("", resource);

        public string Subresource => subresource;

        public Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken) => throw new InvalidOperationException("admission lets it pass");
    }
}
