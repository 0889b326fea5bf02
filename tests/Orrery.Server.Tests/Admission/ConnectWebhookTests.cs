using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Handlers;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

/// <summary>Real webhooks on streams and proxies (CONNECT), whichever way a client opens them.</summary>
public sealed class ConnectWebhookTests(ConnectWebhookTests.World world) : IClassFixture<ConnectWebhookTests.World>
{
    private const string Exec = "pods/p/exec?command=sh&command=-c&stdin=true&container=c";

    private static readonly GroupVersionResource Validating = new("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations");
    private static readonly GroupVersionResource Mutating = new("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations");

    private static CancellationToken Token => ServerFixture.Token;

    public static TheoryData<Way> Ways => [.. Enum.GetValues<Way>()];

    [Theory]
    [InlineData("pods/p/exec?command=sh&command=-c&stdin=true&container=c", "pods", "exec", "p", """{"kind":"PodExecOptions","apiVersion":"v1","stdin":true,"container":"c","command":["sh","-c"]}""")]
    [InlineData("pods/p/attach?stdout=true&tty=true", "pods", "attach", "p", """{"kind":"PodAttachOptions","apiVersion":"v1","stdout":true,"tty":true}""")]
    [InlineData("pods/p/portforward?ports=80,81", "pods", "portforward", "p", """{"kind":"PodPortForwardOptions","apiVersion":"v1","ports":[80,81]}""")]
    [InlineData("pods/p:8080/proxy/a/b?c=d", "pods", "proxy", "p:8080", """{"kind":"PodProxyOptions","apiVersion":"v1","path":"/a/b"}""")]
    [InlineData("services/https:s:443/proxy/a", "services", "proxy", "https:s:443", """{"kind":"ServiceProxyOptions","apiVersion":"v1","path":"/a"}""")]
    [InlineData("/api/v1/nodes/n/proxy/metrics", "nodes", "proxy", "n", """{"kind":"NodeProxyOptions","apiVersion":"v1","path":"/metrics"}""")]
    public async Task Review_OfAStream_SaysWhatIsAsked(string path, string resource, string subresource, string name, string options)
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true, ("warnings", new JsonArray("watched"))), Token);
        await using Hook hook = await world.HookAsync(Validating, webhook, resource);

        using HttpResponseMessage answer = await world.OpenAsync(path.StartsWith('/') ? path : hook.In(path), Way.Post);

        Assert.Equal("reached", await answer.Content.ReadAsStringAsync(Token));
        Assert.Equal("299 - \"watched\"", Assert.Single(answer.Headers.GetValues("Warning")));
        JsonObject request = Assert.Single(webhook.Reviews)["request"]!.AsObject();
        string ns = resource == "nodes" ? null! : hook.Namespace;
        Assert.Equal(("CONNECT", ns, name, false), (request.TextAt("operation"), request.TextAt("namespace"), request.TextAt("name"), request.FlagAt("dryRun")));
        string kind = options[(options.IndexOf(':', StringComparison.Ordinal) + 1)..options.IndexOf(',', StringComparison.Ordinal)];
        Assert.Equal($$"""{"group":"","version":"v1","kind":{{kind}}}""", request["kind"]!.ToJsonString());
        Assert.Equal(request["kind"]!.ToJsonString(), request["requestKind"]!.ToJsonString());
        Assert.Equal($$"""{"group":"","version":"v1","resource":"{{resource}}"}""", request["resource"]!.ToJsonString());
        Assert.Equal((subresource, subresource), (request.TextAt("subResource"), request.TextAt("requestSubResource")));
        Assert.True(JsonNode.DeepEquals(Json(options), request["object"]), request["object"]?.ToJsonString());
        Assert.Equal((true, true), (request["oldObject"] is null, request["options"] is null));
        Assert.Equal("test-admin", request.TextAt("userInfo", "username"));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Refusal_IsToldInEveryWay(Way way)
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, false, ("status", Json("""{"code":403,"reason":"Forbidden","message":"no shells today"}"""))), Token);
        await using Hook hook = await world.HookAsync(Validating, webhook, "pods");
        int reached = world.Reached;

        using HttpResponseMessage answer = await world.OpenAsync(hook.In(Exec), way);

        Assert.Equal((403, "application/json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        JsonObject status = Json(await answer.Content.ReadAsStringAsync(Token));
        Assert.Equal(("Status", "Forbidden", "admission webhook \"hook.test.example.com\" denied the request: no shells today"), (status.TextAt("kind"), status.TextAt("reason"), status.TextAt("message")));
        Assert.Equal((reached, 1), (world.Reached, webhook.Reviews.Count));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Timeout_OfOneThatFailsClosed_IsToldInEveryWay(Way way)
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(_ => (JsonObject?)null, Token);
        await using Hook hook = await world.HookAsync(Validating, webhook, "pods", timeout: 1);

        using HttpResponseMessage answer = await world.OpenAsync(hook.In(Exec), way);

        JsonObject status = Json(await answer.Content.ReadAsStringAsync(Token));
        Assert.Equal((500, "InternalError"), ((int)answer.StatusCode, status.TextAt("reason")));
        Assert.Contains("failed calling webhook \"hook.test.example.com\": failed to call webhook: Post \"" + webhook.Url + "?timeout=1s\": context deadline exceeded", status.TextAt("message"));
    }

    [Fact]
    public async Task Timeout_OfOneThatFailsOpen_LetsTheStreamPass()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(_ => (JsonObject?)null, Token);
        await using Hook hook = await world.HookAsync(Mutating, webhook, "pods", timeout: 1, more: ",\"failurePolicy\":\"Ignore\"");

        using HttpResponseMessage answer = await world.OpenAsync(hook.In(Exec), Way.Post);

        Assert.Equal("reached", await answer.Content.ReadAsStringAsync(Token));
        Assert.Single(webhook.Reviews);
        Assert.Contains("apiserver_admission_webhook_fail_open_count{name=\"hook.test.example.com\",type=\"admit\"} 1", await world.MetricsAsync(), StringComparison.Ordinal);
    }

    /// <summary>More streams than a cluster has seats wait for it, and neither other requests nor other streams do.</summary>
    [Fact]
    public async Task Slow_HoldsNobodyElseUp()
    {
        const int Streams = 200;
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestWebhook webhook = await TestWebhook.StartAsync(
            async (hook, http) =>
            {
                JsonObject review = Json(await new StreamReader(http.Request.Body).ReadToEndAsync(Token));
                hook.Reviews.Enqueue(review);
                await go.Task.WaitAsync(http.RequestAborted);
                http.Response.ContentType = "application/json";
                await http.Response.WriteAsync(TestWebhook.Answer(review, true).ToJsonString(), http.RequestAborted);
            },
            Token);
        await using Hook slow = await world.HookAsync(Validating, webhook, "pods", timeout: 30);
        string elsewhere = await world.NamespaceAsync();
        Task<HttpResponseMessage>[] streams = [.. Enumerable.Range(0, Streams).Select(_ => world.OpenAsync(slow.In(Exec), Way.Within))];
        await Eventually.TrueAsync(() => Task.FromResult(webhook.Reviews.Count == Streams), "all are asked about", cancellationToken: Token);

        using HttpResponseMessage other = await world.OpenAsync($"/api/v1/namespaces/{elsewhere}/{Exec}", Way.Post);
        await world.Server.Admin.CreateAsync(ServerFixture.ConfigMaps, slow.Namespace, ServerFixture.ConfigMap("a"), Token);

        Assert.Equal("reached", await other.Content.ReadAsStringAsync(Token));
        Assert.All(streams, s => Assert.False(s.IsCompleted));
        go.SetResult();
        foreach (Task<HttpResponseMessage> stream in streams)
        {
            using HttpResponseMessage answer = await stream;
            Assert.Equal(200, (int)answer.StatusCode);
        }
    }

    /// <summary>How a client opens a stream.</summary>
    public enum Way
    {
        /// <summary>A POST and no more, as what is no stream at all.</summary>
        Post,

        /// <summary>GET with an upgrade, as kubectl does since 1.31.</summary>
        WebSocket,

        /// <summary>POST with an upgrade, as kubectl did before.</summary>
        Spdy,

        /// <summary>A WebSocket within an HTTP/2 connection (RFC 8441).</summary>
        Within,
    }

    /// <summary>A server whose streams lead to a handler that says that it was reached.</summary>
    public sealed class World : IAsyncLifetime
    {
        private readonly HttpClient http = new(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        private TestServer? server;
        private int reached;
        private int made;

        public TestServer Server => server!;

        public int Reached => Volatile.Read(ref reached);

        public async ValueTask InitializeAsync()
        {
            ISubresourceHandler[] offered =
            [
                new Reach(this, "pods", "exec"), new Reach(this, "pods", "attach"), new Reach(this, "pods", "portforward"), new Reach(this, "pods", "proxy"), new Reach(this, "services", "proxy"), new Reach(this, "nodes", "proxy"),
            ];
            server = await TestServer.StartAsync(new TestServerOptions { SubresourceHandlers = offered, WebhookAddresses = [IPNetwork.Parse("127.0.0.0/8")] }, Token);
            await ServerFixture.SettledAsync(server.Admin);
            await server.Admin.CreateAsync(new GroupVersionResource("", "v1", "nodes"), "", ServerFixture.Named("n"), Token);
        }

        public async ValueTask DisposeAsync()
        {
            http.Dispose();
            await server!.DisposeAsync();
        }

        /// <summary>One of its own, with a pod and a service.</summary>
        public async Task<string> NamespaceAsync()
        {
            string ns = "ns-" + Interlocked.Increment(ref made);
            await Server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named(ns), Token);
            await Server.Admin.CreateAsync(new GroupVersionResource("", "v1", "pods"), ns, Pod("p"), Token);
            await Server.Admin.CreateAsync(new GroupVersionResource("", "v1", "services"), ns, Json("""{"metadata":{"name":"s"},"spec":{"ports":[{"port":443}]}}"""), Token);
            return ns;
        }

        /// <summary>A configuration for CONNECT of a resource, in a namespace of its own where that has one.</summary>
        internal async Task<Hook> HookAsync(GroupVersionResource kind, TestWebhook webhook, string resource, int timeout = 20, string more = "")
        {
            string ns = await NamespaceAsync();
            string selector = resource == "nodes" ? "" : $$$""","namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"{{{ns}}}"}}""";
            await Server.Admin.CreateAsync(
                kind, "",
                Json($$$$$"""
                {"metadata":{"name":"hook-{{{{{ns}}}}}"},"webhooks":[{"name":"hook.test.example.com","sideEffects":"None","admissionReviewVersions":["v1"],"timeoutSeconds":{{{{{timeout}}}}},
                 "clientConfig":{"url":"{{{{{webhook.Url}}}}}","caBundle":"{{{{{webhook.CaBundle}}}}}"},
                 "rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CONNECT"],"resources":["{{{{{resource}}}}}/*"]}] {{{{{selector}}}}} {{{{{more}}}}} }]}
                """),
                Token);
            return new Hook(this, kind, ns);
        }

        public Task<string> MetricsAsync() => Server.Admin.GetTextAsync("/metrics", Token);

        public async Task<HttpResponseMessage> OpenAsync(string path, Way way)
        {
            using var request = new HttpRequestMessage(way switch { Way.WebSocket => HttpMethod.Get, Way.Within => HttpMethod.Connect, _ => HttpMethod.Post }, new Uri(new Uri(Server.Url.GetLeftPart(UriPartial.Authority)), path))
            {
                Version = way == Way.Within ? HttpVersion.Version20 : HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Server.AdminToken(ClusterName.Root));
            switch (way)
            {
                case Way.WebSocket:
                    request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
                    request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
                    request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
                    request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
                    request.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", "v5.channel.k8s.io");
                    break;
                case Way.Spdy:
                    request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
                    request.Headers.TryAddWithoutValidation("Upgrade", "SPDY/3.1");
                    request.Headers.TryAddWithoutValidation("X-Stream-Protocol-Version", "v4.channel.k8s.io");
                    break;
                case Way.Within:
                    request.Headers.Protocol = "websocket";
                    request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
                    request.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", "v5.channel.k8s.io");
                    break;
            }

            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        }

        private sealed class Reach(World world, string resource, string subresource) : ISubresourceHandler
        {
            public GroupResource Resource => new("", resource);

            public string Subresource => subresource;

            public bool ServesWithinConnection => true;

            public Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
            {
                Interlocked.Increment(ref world.reached);
                return http.Response.WriteAsync("reached", cancellationToken);
            }
        }
    }

    /// <summary>Until it is disposed of.</summary>
    internal sealed class Hook(World world, GroupVersionResource kind, string ns) : IAsyncDisposable
    {
        public string Namespace => ns;

        public string In(string path) => $"/api/v1/namespaces/{ns}/{path}";

        public async ValueTask DisposeAsync() => await world.Server.Admin.DeleteAsync(kind, "", "hook-" + ns, null, CancellationToken.None);
    }
}
