using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Client.Tests.Support;
using Orrery.Testing;

namespace Orrery.Client.Tests.Http;

public sealed class KubeClientTests
{
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly GroupVersionResource Pods = new("", "v1", "pods");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A connection on which nothing passes any more, and nobody says so.</summary>
    [Fact]
    public async Task Abandon_WhatIsUnderWay_FailsAtOnce_AndWhatIsAskedFromThenOnGoesOverAnotherConnection()
    {
        var asked = new TaskCompletionSource();
        await using ScriptedServer server = await ScriptedServer.StartAsync(async c =>
        {
            if (c.Request.Path == "/slow")
            {
                asked.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, c.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            else
            {
                await ScriptedServer.JsonAsync(c, """{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web"}}""");
            }
        });
        await using var network = new BadNetwork(server.Url.Port, TimeProvider.System);
        using var client = new KubeClient(server.Config with { Server = new UriBuilder(server.Url) { Port = network.Port }.Uri });
        Task<string> slow = client.GetTextAsync("/slow", Token);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);

        network.Silence();
        client.Abandon();

        Exception fault = await Assert.ThrowsAnyAsync<Exception>(() => slow.WaitAsync(TimeSpan.FromSeconds(60), Token));
        Assert.True(fault is HttpRequestException or IOException, fault.ToString());
        Assert.Equal("web", (await client.GetAsync(Deployments, "shop", "web", Token)).Name);
        Assert.Equal(2, network.Connections);
    }

    [Fact]
    public async Task GetAsync_OverTls_UsesHttp2AndSaysWhoAsks()
    {
        string? protocol = null;
        await using ScriptedServer server = await ScriptedServer.StartAsync(c =>
        {
            protocol = c.Request.Protocol;
            return ScriptedServer.JsonAsync(c, """{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web"}}""");
        });
        using var client = new KubeClient(server.Config with { BearerToken = "t0ken" });

        KubeObject found = await client.GetAsync(Deployments, "shop", "web", Token);

        Assert.Equal("web", found.Name);
        Assert.Equal("HTTP/2", protocol);
        var request = Assert.Single(server.Requests);
        Assert.Equal("/apis/apps/v1/namespaces/shop/deployments/web", request.Url);
        Assert.Equal("Bearer t0ken", request.Headers.Authorization);
        Assert.StartsWith("orrery/", request.Headers.UserAgent.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetAsync_ServerSignedByAnotherAuthority_IsRefused()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, "{}"));
        using var client = new KubeClient(server.Config with { Ca = TestCertificates.Create().Ca });

        var fault = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(Pods, "a", "b", Token));

        Assert.IsType<AuthenticationException>(fault.InnerException);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task GetAsync_ClientCertificate_IsPresented()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, "{}"));
        (string certificate, string key) = TestCertificates.SelfSigned("CN=ada");
        using var client = new KubeClient(server.Config with { ClientCertificate = X509Certificate2.CreateFromPem(certificate, key) });

        await client.GetAsync(Pods, "a", "b", Token);

        Assert.Equal("CN=ada", Assert.Single(server.Requests).ClientSubject);
    }

    [Fact]
    public async Task InCluster_UnderAPathPrefix_AddsTheClusterAfterIt()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, "{}"));
        using var client = new KubeClient(server.Config with { Server = new Uri(server.Url, "/base/") });

        await client.InCluster(new ClusterName("acme", "shop")).GetAsync(new("rbac.authorization.k8s.io", "v1", "clusterroles"), "", "system:node", Token);

        Assert.Equal("/base/clusters/acme/shop/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node", Assert.Single(server.Requests).Url);
    }

    [Fact]
    public async Task FindAsync_NotFound_IsNull()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(c =>
            ScriptedServer.JsonAsync(c, ApiErrors.NotFound(Pods.GroupResource, "b").Status.ToJson().ToJsonString(), 404));
        using var client = new KubeClient(server.Config);

        Assert.Null(await client.FindAsync(Pods, "a", "b", Token));
    }

    [Fact]
    public async Task CreateAsync_Refused_CarriesTheStatusOfTheServer()
    {
        StatusException told = ApiErrors.Invalid(new GroupKind("", "Pod"), "p", [FieldError.Required("spec.containers")]);
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, told.Status.ToJson().ToJsonString(), 422));
        using var client = new KubeClient(server.Config);

        var fault = await Assert.ThrowsAsync<StatusException>(() => client.CreateAsync(Pods, "a", [], Token));

        Assert.Equal((422, StatusReason.Invalid), (fault.Code, fault.Reason));
        Assert.Equal("spec.containers", Assert.Single(fault.Status.Details!.Causes).Field);
    }

    [Fact]
    public async Task GetAsync_AnswerOfAProxyInText_BecomesAStatus()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(c =>
        {
            c.Response.StatusCode = 502;
            return c.Response.WriteAsync("bad gateway\n");
        });
        using var client = new KubeClient(server.Config);

        var fault = await Assert.ThrowsAsync<StatusException>(() => client.GetAsync(Pods, "a", "b", Token));

        Assert.Equal((502, StatusReason.InternalError, "bad gateway"), (fault.Code, fault.Reason, fault.Message));
    }

    [Fact]
    public async Task SendAsync_BusyServer_IsAskedAgainOnlyWhereThatIsSafe()
    {
        int left = 2;
        await using ScriptedServer server = await ScriptedServer.StartAsync(c =>
        {
            if (c.Request.Method == "GET" && left-- <= 0)
            {
                return ScriptedServer.JsonAsync(c, """{"metadata":{"name":"b"}}""");
            }

            c.Response.Headers.RetryAfter = "0";
            return ScriptedServer.JsonAsync(c, ApiErrors.TooManyRequests("busy", 0).Status.ToJson().ToJsonString(), 429);
        });
        using var client = new KubeClient(server.Config);

        KubeObject found = await client.GetAsync(Pods, "a", "b", Token);
        var fault = await Assert.ThrowsAsync<StatusException>(() => client.CreateAsync(Pods, "a", [], Token));

        Assert.Equal("b", found.Name);
        Assert.Equal(429, fault.Code);
        Assert.Equal(["GET", "GET", "GET", "POST"], server.Requests.Select(r => r.Method));
    }

    [Fact]
    public async Task ListAsync_SeveralPages_AreOneListWhoseItemsKnowTheirKind()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, c.Request.Query["continue"] == "more"
            ? """{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"b"}}]}"""
            : """{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"more"},"items":[{"metadata":{"name":"a"}},{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"}}]}"""));
        using var client = new KubeClient(server.Config);

        KubeList list = await client.ListAsync(Pods, "ns", new ListQuery { LabelSelector = "app in (a,b)", PageSize = 2 }, Token);

        Assert.Equal(["v1 Pod a", "v1 Pod x", "v1 Pod b"], list.Items.Select(i => $"{i.ApiVersion} {i.Kind} {i.Name}"));
        Assert.Equal("7", list.ResourceVersion);
        Assert.Equal(
            ["/api/v1/namespaces/ns/pods?labelSelector=app%20in%20%28a%2Cb%29&limit=2", "/api/v1/namespaces/ns/pods?labelSelector=app%20in%20%28a%2Cb%29&limit=2&continue=more"],
            server.Requests.Select(r => r.Url));
    }

    [Fact]
    public async Task ListAsync_ItemsNull_IsEmpty()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(c =>
            ScriptedServer.JsonAsync(c, """{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":null}"""));
        using var client = new KubeClient(server.Config);

        Assert.Empty((await client.ListAsync(Pods, "", null, Token)).Items);
    }

    [Fact]
    public async Task ApplyAsync_Force_NamesManagerAndType()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, "{}"));
        using var client = new KubeClient(server.Config);

        await client.ApplyAsync(Deployments, "a", "b", new JsonObject { ["kind"] = "Deployment" }, "orrery", true, Token, subresource: "status");

        var request = Assert.Single(server.Requests);
        Assert.Equal(("PATCH", "/apis/apps/v1/namespaces/a/deployments/b/status?fieldManager=orrery&force=true"), (request.Method, request.Url));
        Assert.Equal("application/apply-patch+yaml", request.Headers.ContentType);
        Assert.Equal("""{"kind":"Deployment"}""", request.Body);
    }

    [Fact]
    public async Task DeleteAsync_Preconditions_GoInTheBody()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, "{}"));
        using var client = new KubeClient(server.Config);

        await client.DeleteAsync(Pods, "a", "b", new DeleteQuery { Uid = "u", GracePeriodSeconds = 0, PropagationPolicy = "Foreground" }, Token);

        Assert.Equal(
            """{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"propagationPolicy":"Foreground","preconditions":{"uid":"u"}}""",
            Assert.Single(server.Requests).Body);
    }

    [Fact]
    public async Task GetAsync_NoAnswer_TimesOut()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(ScriptedServer.HoldAsync);
        using var client = new KubeClient(server.Config with { RequestTimeout = TimeSpan.FromMilliseconds(50) });

        await Assert.ThrowsAsync<TimeoutException>(() => client.GetAsync(Pods, "a", "b", Token));
    }

    [Fact]
    public async Task GetAsync_ConnectionThatDoesNotOpen_IsNoCancellation()
    {
        // It accepts and says nothing: the handshake never ends.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var client = new KubeClient(new ClientConfig(new Uri($"https://{silent.LocalEndpoint}")) { ConnectTimeout = TimeSpan.FromMilliseconds(50), InsecureSkipTlsVerify = true });

        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(Pods, "a", "b", Token));
        Assert.Contains("no connection to", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ResourcePath_DotsAsName_AreRefused() =>
        Assert.Throws<ArgumentException>(() => ResourcePath.Of(Pods, "a", ".."));
}
