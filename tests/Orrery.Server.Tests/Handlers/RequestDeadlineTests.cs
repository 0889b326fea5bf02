using System.Diagnostics;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Handlers;

/// <summary>For how long a request is worked on.</summary>
public sealed class RequestDeadlineTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly CancellationToken Token = ServerFixture.Token;
    private static readonly GroupVersionResource Mutating = new("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations");

    [Fact]
    public async Task Write_ThatTakesLongerThanItMay_IsAnsweredAndNotDone()
    {
        ManualTime time = Clock();
        await using TestWebhook webhook = await TestWebhook.StartAsync(_ => null, Token);
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { TimeProvider = time }, Token);
        await ConfigureAsync(server, webhook);

        Task<(int Code, JsonObject Answer, string[] Warnings)> asked = SendAsync(server, HttpMethod.Post, "/api/v1/namespaces/default/configmaps?timeout=1500ms", ServerFixture.ConfigMap("a"));
        await Eventually.TrueAsync(() => webhook.Reviews.Count == 1, "the webhook is asked", cancellationToken: Token);
        time.Advance(TimeSpan.FromMilliseconds(1499));
        Assert.False(asked.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        (int code, JsonObject answer, _) = await asked;

        Assert.Equal((504, "Timeout: request did not complete within requested timeout - context deadline exceeded", "Timeout"), (code, answer.TextAt("message"), answer.TextAt("reason")));
        Assert.Equal(404, (await SendAsync(server, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/a", null)).Code);
        Assert.Equal("/hook?timeout=2s", Assert.Single(webhook.Paths));
    }

    [Theory]
    [InlineData("?timeout=10m", "/hook?timeout=20s")]
    [InlineData("?timeout=0s", "/hook?timeout=20s")]
    [InlineData("?timeout=7s", "/hook?timeout=7s")]
    [InlineData("", "/hook?timeout=20s")]
    public async Task Webhook_IsToldTheShorterTime(string query, string told)
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { TimeProvider = Clock() }, Token);
        await ConfigureAsync(server, webhook);

        (int code, _, _) = await SendAsync(server, HttpMethod.Post, $"/api/v1/namespaces/default/configmaps{query}", ServerFixture.ConfigMap("a"));

        Assert.Equal((201, told), (code, Assert.Single(webhook.Paths)));
    }

    [Theory]
    [InlineData("/api/v1/namespaces/default/configmaps?timeout=soon")]
    [InlineData("/version?timeout=soon")]
    public async Task Timeout_ThatIsNoDuration_Is400(string path)
    {
        (int code, JsonObject answer, _) = await SendAsync(fixture.Server, HttpMethod.Get, path, null);

        Assert.Equal((400, "invalid timeout specified in the request URL - time: invalid duration \"soon\""), (code, answer.TextAt("message")));
    }

    [Fact]
    public async Task Watch_DoesNotEndByIt()
    {
        string ns = await fixture.NamespaceAsync();
        using var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        using var http = new HttpClient(handler);
        http.DefaultRequestHeaders.Authorization = new("Bearer", fixture.Server.AdminToken(ClusterName.Root));
        long began = Stopwatch.GetTimestamp();

        // Its own end is after two seconds; "timeout" would be after one.
        await http.GetStringAsync(new Uri(fixture.Server.Url, $"api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=2&timeout=1s"), Token);

        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromSeconds(1.9), TimeSpan.FromSeconds(30));
    }

    /// <summary>It stands still, so that nothing of a request's time is gone by itself; certificates of today hold by it.</summary>
    private static ManualTime Clock()
    {
        var time = new ManualTime();
        time.Skew = TimeProvider.System.GetUtcNow() - time.GetUtcNow();
        return time;
    }

    private static async Task ConfigureAsync(TestServer server, TestWebhook webhook) => await server.Admin.CreateAsync(Mutating, "", Json($$"""
        {"metadata":{"name":"hook"},"webhooks":[{"name":"hook.test.example.com","admissionReviewVersions":["v1"],"sideEffects":"None","timeoutSeconds":20,
         "clientConfig":{"url":"{{webhook.Url}}","caBundle":"{{webhook.CaBundle}}"},"rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps"]}] }]}
        """), Token);
}
