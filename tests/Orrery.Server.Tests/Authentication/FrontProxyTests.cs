using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Requests;
using Orrery.Server.Security;
using Orrery.Server.Tests.Security;
using Orrery.Testing;

namespace Orrery.Server.Tests.Authentication;

/// <summary>A proxy that names its users in headers, and everybody else who would like to be taken for it.</summary>
public sealed class FrontProxyTests : IDisposable
{
    private static readonly (string, string)[] Admin = [("X-Remote-User", "admin"), ("X-Remote-Group", "system:masters"), ("X-Remote-Uid", "1"), ("X-Remote-Extra-Scopes", "all")];

    private readonly TurnedClock clock = new(new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly CertificateAuthority authority;

    public FrontProxyTests() => authority = CertificateAuthority.Create("proxies", TimeSpan.FromDays(3650), clock);

    public void Dispose() => authority.Dispose();

    [Fact]
    public async Task Authenticate_ByTheProxy_IsWhomTheHeadersName()
    {
        await using AccessWorld world = await StartAsync();
        var http = new DefaultHttpContext();
        http.Request.Headers.Append("x-second-user", "nobody");
        http.Request.Headers.Append("x-remote-USER", "jane");
        http.Request.Headers.Append("X-Remote-Uid", "7");
        http.Request.Headers.Append("X-Second-Group", "last");
        http.Request.Headers.Append("X-Remote-Group", "dev,ops");
        http.Request.Headers.Append("X-Remote-Group", "");
        http.Request.Headers.Append("X-Remote-Group", "ops");
        http.Request.Headers.Append("X-Remote-Extra-Example.com%2fScope", "a,b");
        http.Request.Headers.Append("x-remote-extra-example.com%2Fscope", "c");
        http.Request.Headers.Append("X-Remote-Extra-50%-off%2f", "kept");
        http.Request.Headers.Append("X-More-Example.com%2fscope", "d");
        http.Request.Headers.Append("X-Other", "stays");

        UserInfo user = await IdentifyAsync(world, "/api", Proxy(), http);

        Assert.Equal(("jane", "7"), (user.Name, user.Uid));
        Assert.Equal(["dev,ops", "ops", "last", "system:authenticated"], user.Groups);
        Assert.Equal(["50%-off%2f", "example.com/scope"], user.Extra.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["a,b", "c", "d"], user.Extra["example.com/scope"]);
        Assert.Equal(ClusterScope.Root, user.Scope);
        Assert.Equal(["X-Other"], http.Request.Headers.Keys);
    }

    [Theory]
    [InlineData("system:anonymous", null, new string[] { })]
    [InlineData("jane", "system:unauthenticated", new[] { "system:unauthenticated" })]
    [InlineData("jane", "system:authenticated", new[] { "system:authenticated" })]
    public async Task Authenticate_WhomTheProxyDoesNotKnow_IsNotCalledAuthenticated(string name, string? group, string[] groups)
    {
        await using AccessWorld world = await StartAsync();
        var http = new DefaultHttpContext();
        http.Request.Headers["X-Remote-User"] = name;
        http.Request.Headers["X-Remote-Group"] = group;

        Assert.Equal(groups, (await IdentifyAsync(world, "/api", Proxy(), http)).Groups);
    }

    [Fact]
    public async Task Authenticate_HeadersOfOthers_MeanNothingAndGo()
    {
        await using AccessWorld world = await StartAsync();
        using CertificateAuthority namesake = CertificateAuthority.Create("proxies", TimeSpan.FromDays(10), clock);

        // 1. Without a certificate, and by that of a user who is called as the proxy.
        Assert.Equal("system:anonymous", (await IdentifyAsync(world, "/api", null, Spoofed())).Name);
        UserInfo user = await IdentifyAsync(world, "/api", world.Client("front", ClusterScope.Root, "dev"), Spoofed());
        Assert.Equal(("front", ""), (user.Name, user.Uid));
        Assert.Equal(["dev", "system:authenticated"], user.Groups);
        Assert.DoesNotContain("scopes", user.Extra.Keys);

        // 2. By another of the proxies' authority, by one of its servers, by an authority of the same name, and by one that has ended.
        foreach (X509Certificate2 certificate in (X509Certificate2[])
            [Proxy("Front"), Proxy("other"), authority.IssueServer(["front"], [], TimeSpan.FromDays(1)).ToX509(), namesake.IssueClient("front", [], ClusterScope.Root, TimeSpan.FromDays(1)).ToX509()])
        {
            await RefusedAsync(world, "/api", certificate);
        }

        X509Certificate2 held = Proxy();
        Assert.Equal("admin", (await IdentifyAsync(world, "/api", held, Spoofed())).Name);
        clock.Now += TimeSpan.FromHours(25);
        await RefusedAsync(world, "/api", held);
    }

    [Fact]
    public async Task Authenticate_ProxyThatNamesNobody_IsNobody()
    {
        await using AccessWorld world = await StartAsync();
        var http = new DefaultHttpContext();
        http.Request.Headers.Append("X-Remote-User", "");
        http.Request.Headers.Append("X-Remote-Group", "system:masters");

        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => IdentifyAsync(world, "/api", Proxy(), http))).Code);
        Assert.Empty(http.Request.Headers);
    }

    [Theory]
    [InlineData("/clusters/acme/shop/api")]
    [InlineData("/clusters/*/api/v1/pods")]
    public async Task Authenticate_ByTheProxyElsewhereThanOnRoot_Is401(string target)
    {
        await using AccessWorld world = await StartAsync();

        await RefusedAsync(world, target, Proxy());
    }

    [Fact]
    public async Task Authenticate_AnyNameAllowed_IsAnyOfThatAuthority()
    {
        await using AccessWorld world = await StartAsync(allowed: []);

        Assert.Equal("admin", (await IdentifyAsync(world, "/api", Proxy("whoever"), Spoofed())).Name);
        await RefusedAsync(world, "/clusters/acme/shop/api", Proxy("whoever"));
    }

    /// <summary>Over a real connection, as lines of a request.</summary>
    [Fact]
    public async Task Get_LinesOfARequest_EachIsAGroup()
    {
        using CertificateAuthority proxies = CertificateAuthority.Create("proxies", TimeSpan.FromDays(10), TimeProvider.System);
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { Configure = options => options with { FrontProxy = Options(proxies, ["front"]) } }, TestContext.Current.CancellationToken);
        const string Review = """{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}""";
        string request = $"POST /apis/authentication.k8s.io/v1/selfsubjectreviews HTTP/1.1\r\nHost: localhost\r\nX-Remote-User: jane\r\nX-Remote-Group: dev\r\nx-remote-group: ops\r\nX-Remote-Extra-A%2fb: c\r\n"
            + $"Content-Type: application/json\r\nContent-Length: {Review.Length}\r\nConnection: close\r\n\r\n{Review}";

        using X509Certificate2 front = proxies.IssueClient("front", [], ClusterScope.Root, TimeSpan.FromDays(1)).ToX509();
        using X509Certificate2 user = server.Certificate("front", [], ClusterScope.Root);

        Assert.EndsWith("""{"userInfo":{"username":"jane","groups":["dev","ops","system:authenticated"],"extra":{"a/b":["c"]}}}}""", (await SendAsync(server, front, request)).TrimEnd(), StringComparison.Ordinal);
        Assert.Contains("\"username\":\"front\"", await SendAsync(server, user, request), StringComparison.Ordinal);
    }

    private static FrontProxyOptions Options(CertificateAuthority authority, string[] allowed) => new()
    {
        Authorities = [authority.Certificate()],
        AllowedNames = allowed,
        UsernameHeaders = ["X-Remote-User", "X-Second-User"],
        UidHeaders = ["X-Remote-Uid"],
        GroupHeaders = ["X-Remote-Group", "X-Second-Group"],
        ExtraPrefixes = ["X-Remote-Extra-", "X-More-"],
    };

    private Task<AccessWorld> StartAsync(string[]? allowed = null) =>
        AccessWorld.StartAsync(configure: options => options with { FrontProxy = Options(authority, allowed ?? ["front"]) }, clock: clock);

    private X509Certificate2 Proxy(string name = "front") => authority.IssueClient(name, ["system:masters"], ClusterScope.Root, TimeSpan.FromDays(1)).ToX509();

    private static DefaultHttpContext Spoofed()
    {
        var http = new DefaultHttpContext();
        foreach ((string name, string value) in Admin)
        {
            http.Request.Headers.Append(name, value);
        }

        return http;
    }

    private static async Task RefusedAsync(AccessWorld world, string target, X509Certificate2 certificate)
    {
        DefaultHttpContext http = Spoofed();
        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => IdentifyAsync(world, target, certificate, http))).Code);
        Assert.Empty(http.Request.Headers);
    }

    private static async Task<UserInfo> IdentifyAsync(AccessWorld world, string target, X509Certificate2? certificate, DefaultHttpContext http)
    {
        http.Connection.ClientCertificate = certificate;
        return await world.Access.Authenticator.AuthenticateAsync(http, RequestInfoParser.Parse("GET", target), TestContext.Current.CancellationToken);
    }

    private static async Task<string> SendAsync(TestServer server, X509Certificate2 certificate, string request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Url.Port, TestContext.Current.CancellationToken);
        await using var tls = new SslStream(socket.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ClientCertificates = [certificate] }, TestContext.Current.CancellationToken);
        await tls.WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(tls);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}
