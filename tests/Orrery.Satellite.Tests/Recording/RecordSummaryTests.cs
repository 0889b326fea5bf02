using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Client;
using Orrery.Satellite.Recording;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Recording;

/// <summary>What goes out of the record leaves how much of what it was.</summary>
public sealed class RecordSummaryTests
{
    /// <summary>Of names so long that few fill a ConfigMap.</summary>
    private static readonly string Long = new('n', 2000);

    [Fact]
    public async Task Run_MoreThanIsKept_IsSummedOverEveryLife()
    {
        var time = new ManualTime();
        using var api = new Holding();
        using var cluster = new KubeClient(new ClientConfig(new Uri("https://cluster.example.com")) { Carrier = () => api }, time);

        // Each life is a process: the second finds what the first has written, and half a ring more has gone by then.
        foreach ((string verb, int lines) in ((string, int)[])[("delete", 400), ("apply", 700), ("apply", 500)])
        {
            var record = new RecordKeeper(cluster, time, NullLogger.Instance);
            for (int i = 0; i < lines; i++)
            {
                record.Add(new RecordEntry(verb, "Deployment.apps", "acme-shop", $"{i}-{Long}", "Work web"), "ok");
            }

            await WriteAsync(record, api, time);
        }

        RecordPart[] parts = [.. api.Parts];
        RecordSummary said = RecordSummary.Read(parts);
        string[] kept = [.. parts.SelectMany(p => RecordChain.Lines(p.Content)).Where(l => !l.Contains("\"dropped\"", StringComparison.Ordinal))];

        Assert.Null(RecordVerdict.Of(parts).Break);
        Assert.Equal(RecordPart.Kept, parts.Length);
        Assert.Equal(parts[0].Number - 1, said.Through);
        Assert.Equal(400, said.Counts["delete Deployment.apps acme-shop"]);
        Assert.Equal(1600, said.Counts.Values.Sum() + kept.Length);
        Assert.Equal(["apply Deployment.apps acme-shop", "delete Deployment.apps acme-shop"], said.Counts.Keys);
    }

    /// <summary>One that was killed between writing the newest and taking away the oldest leaves that to the next.</summary>
    [Fact]
    public async Task Run_AfterOneThatDidNotComeToTakeAwayTheOldest_LeavesNoGap()
    {
        var time = new ManualTime();
        using var api = new Holding { KeepsAll = true };
        using var cluster = new KubeClient(new ClientConfig(new Uri("https://cluster.example.com")) { Carrier = () => api }, time);
        for (int life = 0; life < 2; life++)
        {
            var record = new RecordKeeper(cluster, time, NullLogger.Instance);
            for (int i = 0; i < 840; i++)
            {
                record.Add(new RecordEntry("apply", "Deployment.apps", "acme-shop", $"{i}-{Long}", "Work web"), "ok");
            }

            await WriteAsync(record, api, time);
            Assert.Equal(life == 0, api.Parts.Count() > RecordPart.Kept);
            api.KeepsAll = false;
        }

        RecordPart[] parts = [.. api.Parts];
        Assert.Null(RecordVerdict.Of(parts).Break);
        Assert.Equal(api.Written, RecordSummary.Read(parts).Counts.Values.Sum() + parts.SelectMany(p => RecordChain.Lines(p.Content)).Count(l => !l.Contains("\"dropped\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void Add_MoreGroupsThanAreToldApart_KeepsThoseThatCameFirst()
    {
        var summary = new RecordSummary();
        string[] lines = [.. Enumerable.Range(1, 100).Select(i => RecordChain.Line(i, RecordChain.Beginning, $"\"at\":\"t{i}\",\"verb\":\"apply\",\"namespace\":\"n{i}\""))];
        summary.Add([new RecordPart(1, string.Join('\n', lines))], 1);
        summary.Add([new RecordPart(1, string.Join('\n', lines)), new RecordPart(2, "nonsense\n" + RecordChain.Line(101, RecordChain.Beginning, "\"at\":\"t101\",\"lost\":7"))], 2);

        Assert.Equal(RecordSummary.Most + 1, summary.Counts.Count);
        Assert.Equal((1, 44), (summary.Counts["apply n1"], summary.Counts[RecordSummary.Other]));
        RecordSummary read = RecordSummary.Read([new RecordPart(3, RecordChain.Line(102, RecordChain.Beginning, summary.ToLine("t102")))]);
        Assert.Equal(summary.Counts, read.Counts);
        Assert.Equal(summary.ToLine("t"), read.ToLine("t"));
        Assert.Contains("\"through\":2,\"first\":1,\"last\":101,\"until\":\"t101\"", summary.ToLine("t"), StringComparison.Ordinal);
    }

    private static async Task WriteAsync(RecordKeeper record, Holding api, ManualTime time)
    {
        using var stop = new CancellationTokenSource();
        Task running = record.RunAsync(stop.Token);
        int before = api.Writes;
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return api.Writes > before;
            },
            "written",
            TimeSpan.FromSeconds(60));
        await stop.CancelAsync();
        await running;
    }

    /// <summary>Keeps the ConfigMaps that it is given.</summary>
    private sealed class Holding : HttpMessageHandler
    {
        private readonly SortedDictionary<string, JsonObject> held = new(StringComparer.Ordinal);
        private readonly HashSet<string> lines = [];

        public IEnumerable<RecordPart> Parts => held.Select(h => new RecordPart(long.Parse(h.Key.AsSpan(h.Key.Length - 8), CultureInfo.InvariantCulture), (string)h.Value["data"]!["log"]!));

        public int Writes { get; private set; }

        /// <summary>Lines that were ever given, but those that sum others.</summary>
        public int Written => lines.Count;

        /// <summary>Takes nothing away, and says so.</summary>
        public bool KeepsAll { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string path = request.RequestUri!.AbsolutePath, name = path[(path.LastIndexOf('/') + 1)..];
            JsonObject? body = request.Content is null ? null : JsonNode.Parse(await request.Content.ReadAsStringAsync(cancellationToken)) as JsonObject;
            if (!path.Contains("/configmaps", StringComparison.Ordinal))
            {
                return Answer(HttpStatusCode.OK, """{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"orrery-system"}}""");
            }

            switch (request.Method.Method)
            {
                case "PUT" when !held.ContainsKey(name):
                case "DELETE" when !held.ContainsKey(name):
                    return Answer(HttpStatusCode.NotFound, """{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}""");
                case "DELETE" when KeepsAll:
                    return Answer(HttpStatusCode.ServiceUnavailable, """{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"ServiceUnavailable","code":503}""");
                case "DELETE":
                    held.Remove(name);
                    break;
                case "PUT":
                case "POST":
                    Writes++;
                    held[(string)body!["metadata"]!["name"]!] = body;
                    lines.UnionWith(RecordChain.Lines((string)body["data"]!["log"]!).Where(l => !l.Contains("\"dropped\"", StringComparison.Ordinal)));
                    return Answer(HttpStatusCode.OK, body.ToJsonString());
            }

            return Answer(HttpStatusCode.OK, new JsonObject
            {
                ["kind"] = "List",
                ["apiVersion"] = "v1",
                ["metadata"] = new JsonObject { ["resourceVersion"] = "7" },
                ["items"] = new JsonArray([.. held.Values.Select(h => h.DeepClone())]),
            }.ToJsonString());
        }

        private static HttpResponseMessage Answer(HttpStatusCode code, string body) => new(code) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }
}
