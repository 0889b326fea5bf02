using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Hub;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Tunnels;

/// <summary>What a satellite answers is somebody else's: it may be anything.</summary>
public sealed class TunnelExchangeTests
{
    [Theory]
    [InlineData("not JSON")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"items\": [], \"items\": []}")]
    public async Task FetchAsync_NoObject_Is503ThatNamesTheDataPlane(string body)
    {
        foreach (HttpStatusCode code in (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.Forbidden])
        {
            StatusException refused = await Assert.ThrowsAsync<StatusException>(() => FetchAsync(code, body));

            Assert.Equal(503, refused.Code);
            Assert.Contains("data plane \"pa2-par\"", refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"kind": "Status", "code": 403, "reason": "Forbidden", "message": "no"}""", 403, "no")]
    [InlineData("""{"kind": "Status", "code": "x", "reason": 7, "message": ["no"], "details": {"name": 1, "causes": [{"field": {}}, 5]}}""", 500, "")]
    public async Task FetchAsync_Refusal_IsPassedOn(string body, int code, string message)
    {
        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => FetchAsync(HttpStatusCode.Forbidden, body));

        Assert.Equal((code, message), (refused.Code, refused.Message));
    }

    [Fact]
    public async Task FetchAsync_Object_IsRead() => Assert.Equal("a", (await FetchAsync(HttpStatusCode.OK, """{"metadata": {"name": "a"}}""")).Name);

    /// <summary>A kubelet says nothing of a followed log before its first line, and what listens in a pod takes its time.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RunAsync_NoAnswerForLong_IsAFaultOnlyWhereOneIsDue(bool isPatient)
    {
        var time = new ManualTime();
        var route = new Late();
        var http = new DefaultHttpContext();
        var body = new MemoryStream();
        http.Response.Body = body;

        Task asking = new TunnelExchange(time, NullLogger.Instance).RunAsync(
            route, new TunnelRequest("pa2-par", "/log", "it is asked of", "jane") { IsPatient = isPatient }, http, TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromHours(5));
        route.Answer.TrySetResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("a line") });

        if (isPatient)
        {
            await asking;
            Assert.Equal("a line", System.Text.Encoding.UTF8.GetString(body.ToArray()));
        }
        else
        {
            Assert.Equal(504, (await Assert.ThrowsAsync<StatusException>(() => asking)).Code);
        }
    }

    /// <summary>A satellite that is given up may leave what it began to answer open for as long as its connection is not known to be dead.</summary>
    [Fact]
    public async Task RunAsync_TunnelEndsWithinAnAnswer_BreaksTheClientsOff()
    {
        using var over = new CancellationTokenSource();
        var route = new Late { Over = over.Token };
        var http = new DefaultHttpContext();
        var client = new Client();
        http.Features.Set<IHttpRequestLifetimeFeature>(client);
        var log = new Pipe();
        await log.Writer.WriteAsync("a line"u8.ToArray(), TestContext.Current.CancellationToken);
        route.Answer.TrySetResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(log.Reader.AsStream()) });
        Task asking = new TunnelExchange(TimeProvider.System, NullLogger.Instance).RunAsync(
            route, new TunnelRequest("pa2-par", "/log", "it is asked of", "jane") { IsPatient = true }, http, TestContext.Current.CancellationToken);
        Assert.False(client.IsAborted);

        await over.CancelAsync();

        await asking.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.True(client.IsAborted);
    }

    private static Task<KubeObject> FetchAsync(HttpStatusCode code, string body) => new TunnelExchange(TimeProvider.System, NullLogger.Instance).FetchAsync(
        new Answering(code, body), new TunnelRequest("pa2-par", "/version", "it is asked of", "jane"), new DefaultHttpContext(), TestContext.Current.CancellationToken);

    private sealed class Answering(HttpStatusCode code, string body) : ITunnelRoute
    {
        public CancellationToken Over => default;

        public bool TryEnter() => true;

        public ValueTask LeaveAsync() => ValueTask.CompletedTask;

        public Task<HttpResponseMessage> SendAsync(TunnelRequest asked, HttpContext http, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(code) { Content = new StringContent(body) });
    }

    private sealed class Client : IHttpRequestLifetimeFeature
    {
        public bool IsAborted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => IsAborted = true;
    }

    private sealed class Late : ITunnelRoute
    {
        public CancellationToken Over { get; init; }

        public TaskCompletionSource<HttpResponseMessage> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool TryEnter() => true;

        public ValueTask LeaveAsync() => ValueTask.CompletedTask;

        public Task<HttpResponseMessage> SendAsync(TunnelRequest asked, HttpContext http, CancellationToken cancellationToken) => Answer.Task.WaitAsync(cancellationToken);
    }
}
