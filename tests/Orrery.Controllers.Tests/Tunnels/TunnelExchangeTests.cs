using System.Net;
using Microsoft.AspNetCore.Http;
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

    private static Task<KubeObject> FetchAsync(HttpStatusCode code, string body) => new TunnelExchange(TimeProvider.System, NullLogger.Instance).FetchAsync(
        new Answering(code, body), new TunnelRequest("pa2-par", "/version", "it is asked of", "jane"), new DefaultHttpContext(), TestContext.Current.CancellationToken);

    private sealed class Answering(HttpStatusCode code, string body) : ITunnelRoute
    {
        public bool TryEnter() => true;

        public ValueTask LeaveAsync() => ValueTask.CompletedTask;

        public Task<HttpResponseMessage> SendAsync(TunnelRequest asked, HttpContext http, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(code) { Content = new StringContent(body) });
    }

    private sealed class Late : ITunnelRoute
    {
        public TaskCompletionSource<HttpResponseMessage> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool TryEnter() => true;

        public ValueTask LeaveAsync() => ValueTask.CompletedTask;

        public Task<HttpResponseMessage> SendAsync(TunnelRequest asked, HttpContext http, CancellationToken cancellationToken) => Answer.Task.WaitAsync(cancellationToken);
    }
}
