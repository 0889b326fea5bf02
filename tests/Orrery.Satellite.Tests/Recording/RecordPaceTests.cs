using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Client;
using Orrery.Satellite.Recording;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Recording;

/// <summary>The record is bounded: what changed nothing must not push out what did.</summary>
public sealed class RecordPaceTests
{
    private static readonly RecordEntry Web = new("apply", "Deployment.apps", "acme-shop-default", "web", "Work web");

    [Fact]
    public async Task Failed_TheSameForAnHour_IsRecordedOnceInTenMinutes_AndWhatIsDoneEachTime()
    {
        var time = new ManualTime();
        using var api = new Keeping();
        using var cluster = new KubeClient(new ClientConfig(new Uri("https://cluster.example.com")) { Carrier = () => api }, time);
        var record = new RecordKeeper(cluster, time, NullLogger.Instance);
        for (int seconds = 0; seconds < 3600; seconds += 5)
        {
            record.Failed(Web, "500 InternalError");
            time.Advance(TimeSpan.FromSeconds(5));
        }

        record.Failed(Web, "403 Forbidden");
        record.Add(Web, "ok");
        record.Failed(Web, "403 Forbidden");
        record.Add(Web, "ok");
        record.Add(Web, "ok");
        string[] answers = [.. (await WriteAsync(record, api, time)).Select(l => (string)l["answer"]!)];

        Assert.Equal([.. Enumerable.Repeat("500 InternalError", 6), "403 Forbidden", "ok", "403 Forbidden", "ok", "ok"], answers);
    }

    /// <summary>The clock of its machine may be put right by an hour meanwhile.</summary>
    [Fact]
    public async Task Failed_ClockIsPutBack_IsRecordedAfterTenMinutesAllTheSame()
    {
        var time = new ManualTime { Skew = TimeSpan.FromHours(1) };
        using var api = new Keeping();
        using var cluster = new KubeClient(new ClientConfig(new Uri("https://cluster.example.com")) { Carrier = () => api }, time);
        var record = new RecordKeeper(cluster, time, NullLogger.Instance);
        record.Refused(Web, "mode is Paused");
        time.Skew = TimeSpan.Zero;
        time.Advance(TimeSpan.FromMinutes(11));
        record.Refused(Web, "mode is Paused");

        Assert.Equal(2, (await WriteAsync(record, api, time)).Length);
    }

    [Fact]
    public async Task Fault_WhatCouldNotBeWritten_IsToldUntilItIs()
    {
        var time = new ManualTime();
        using var api = new Keeping { IsFull = true };
        using var cluster = new KubeClient(new ClientConfig(new Uri("https://cluster.example.com")) { Carrier = () => api }, time);
        var record = new RecordKeeper(cluster, time, NullLogger.Instance);
        int recovered = 0;
        record.Recovered += () => recovered++;
        record.Add(Web, "ok");
        using var stop = new CancellationTokenSource();
        Task running = record.RunAsync(stop.Token);

        await Eventually.TrueAsync(() => Tick() && record.Fault is { Message: "etcdserver: mvcc: database space exceeded" }, "told", TimeSpan.FromSeconds(60));
        Assert.Equal(0, recovered);
        api.IsFull = false;
        await Eventually.TrueAsync(() => Tick() && record.Fault is null && recovered == 1, "over", TimeSpan.FromSeconds(60));

        await stop.CancelAsync();
        await running;
        Assert.Equal(1, recovered);

        bool Tick()
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return true;
        }
    }

    private static async Task<JsonNode[]> WriteAsync(RecordKeeper record, Keeping api, ManualTime time)
    {
        using var stop = new CancellationTokenSource();
        Task running = record.RunAsync(stop.Token);
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return api.Record.Length > 0;
            },
            "written",
            TimeSpan.FromSeconds(60));
        await stop.CancelAsync();
        await running;
        return [.. api.Record.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!)];
    }

    /// <summary>Keeps the last record that it was given, unless it is full.</summary>
    private sealed class Keeping : HttpMessageHandler
    {
        public bool IsFull { get; set; }

        public string Record { get; private set; } = "";

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            bool isWrite = request.Method == HttpMethod.Put || request.Method == HttpMethod.Post;
            if (isWrite && IsFull)
            {
                return Answer(HttpStatusCode.InternalServerError, """{"kind":"Status","apiVersion":"v1","status":"Failure","code":500,"message":"etcdserver: mvcc: database space exceeded"}""");
            }

            if (isWrite && JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!["data"]?["log"] is { } log)
            {
                Record = (string)log!;
            }

            return Answer(HttpStatusCode.OK, """{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[]}""");
        }

        private static HttpResponseMessage Answer(HttpStatusCode code, string body) => new(code) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }
}
