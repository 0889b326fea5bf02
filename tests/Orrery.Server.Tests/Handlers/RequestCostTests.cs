using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Authentication;
using Orrery.Server.Clusters;
using Orrery.Server.Fairness;
using Orrery.Server.Security;
using Orrery.Storage.Memory;

namespace Orrery.Server.Tests.Handlers;

/// <summary>What requests allocate in the pipeline, without sockets and HTTP: what the collector then has to do stops whoever asks for something else.</summary>
public sealed class RequestCostTests : IAsyncLifetime
{
    private const string Path = "/api/v1/namespaces/default/configmaps";
    private static readonly object Answer = new();
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);
    private static readonly CertificateAuthority Authority = CertificateAuthority.Create("cost", Lifetime, TimeProvider.System);
    private static readonly X509Certificate2 Admin = Authority.IssueClient("admin", [UserGroups.Masters], ClusterScope.Root, Lifetime).ToX509();
    private static readonly X509Certificate2 Ann = Authority.IssueClient("ann", [], ClusterScope.Root, Lifetime).ToX509();

    /// <summary>Of each request, the least of which counts: by then nothing has to be made ready any more.</summary>
    private const int Times = 200;

    private MemoryStore store = null!;
    private ServerState state = null!;
    private Pipeline pipeline = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        store = new MemoryStore(TimeProvider.System);
        state = await ServerComposition.ComposeAsync(
            new ApiServerOptions
            {
                Store = store,
                ServingCertificate = Authority.IssueServer(["localhost"], [IPAddress.Loopback], Lifetime).ToX509(),
                ClientCas = [Authority.Certificate()],
                ServiceAccountKeys = ServiceAccountKeys.Load(ServiceAccountKeys.NewKeyPem()),

                // Those who wait for a seat wait for as long as the test takes.
                Fairness = new FairnessOptions { LongestWait = TimeSpan.FromMinutes(10) },
            },
            TestContext.Current.CancellationToken);
        await state.Upkeep!.StartAsync(TestContext.Current.CancellationToken);
        pipeline = new Pipeline(state);
    }

    public async ValueTask DisposeAsync()
    {
        await state.Stopping.CancelAsync();
        await state.DisposeAsync();
        await store.DisposeAsync();
    }

    [Fact]
    public async Task Patch_ThatIsRefused_AllocatesLittle()
    {
        await MakeAsync("a");

        long bytes = await CostAsync("PATCH", Path + "/a", """{"data":{"no key of a ConfigMap":"x"}}""", 422);

        Assert.InRange(bytes, 0, 32_000);
    }

    [Fact]
    public async Task Request_ThatIsSentAway_AllocatesLittle()
    {
        // All seats of root are taken, and those who wait as many as may.
        List<Task<Seat>> others = [.. Enumerable.Range(0, new FairnessOptions().QueueOfFlow + 100).Select(_ => state.Fairness.Queue.EnterAsync(ClusterName.Root, "ann", 1, mayWait: true, Cancel).AsTask())];
        Assert.Contains(others, o => o.IsCompletedSuccessfully && o.Result == Seat.SentAway);

        long bytes = await CostAsync("GET", Path + "/a", "", 429, client: Ann);

        Assert.InRange(bytes, 0, 4_000);
        DefaultHttpContext http = Context("GET", Path + "/a", "", "", Ann);
        await pipeline.InvokeAsync(http);
        JsonObject status = (JsonObject)JsonNode.Parse(Encoding.UTF8.GetString(((MemoryStream)http.Items[Answer]!).ToArray()))!;
        Assert.Equal("1", http.Response.Headers.RetryAfter);
        Assert.Equal(("Status", 429, "TooManyRequests"), ((string)status["kind"]!, (int)status["code"]!, (string)status["reason"]!));
        Assert.Equal(1, (int)status["details"]!["retryAfterSeconds"]!);
    }

    /// <summary>What a watch takes until it waits for its first change, of which more than half is held for as long as it lasts.</summary>
    [Fact]
    public async Task Watch_ThatBegins_AllocatesLittle()
    {
        await MakeAsync("a");
        string target = Path + "?watch=true&resourceVersion=" + state.Caches.Revision.ToString(CultureInfo.InvariantCulture);

        long least = long.MaxValue;
        for (int i = 0; i < Times; i++)
        {
            using var gone = new CancellationTokenSource();
            DefaultHttpContext http = Context("GET", target, "", "");
            http.RequestAborted = gone.Token;
            long before = GC.GetAllocatedBytesForCurrentThread();
            Task watch = pipeline.InvokeAsync(http);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.False(watch.IsCompleted);

            await gone.CancelAsync();
            await watch;
        }

        Assert.InRange(least, 0, 5_500);
    }

    /// <summary>Each request asks for its cluster several times.</summary>
    [Fact]
    public async Task Cluster_ThatIsKnown_IsFoundWithoutAllocating()
    {
        GroupVersionResource kind = OrreryResources.LogicalClusters;
        Assert.Equal(201, (await SendAsync("POST", "/api/v1/namespaces", """{"metadata":{"name":"acme"}}""", "application/json")).Response.StatusCode);
        Assert.Equal(201, (await SendAsync("POST", $"/apis/{kind.Group}/{kind.Version}/namespaces/acme/{kind.Resource}", """{"metadata":{"name":"shop"}}""", "application/json")).Response.StatusCode);
        var shop = new ClusterName("acme", "shop");
        ClusterHold hold = state.Access.Clusters.Hold(shop);

        long least = long.MaxValue;
        for (int i = 0; i < Times; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.True(state.Access.Clusters.State(shop) == ClusterState.Served && hold.Lasts);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private static string Object(string name) =>
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}","labels":{"app":"bench"}},"data":{"payload":"{{{new string('x', 1024)}}}"}}""";

    private async Task MakeAsync(string name) => Assert.Equal(201, (await SendAsync("POST", Path, Object(name), "application/json")).Response.StatusCode);

    /// <returns>Bytes, once nothing has to be made ready any more.</returns>
    private async Task<long> CostAsync(string method, string target, string body, int code, string contentType = "application/merge-patch+json", X509Certificate2? client = null)
    {
        long least = long.MaxValue;
        for (int i = 0; i < Times; i++)
        {
            DefaultHttpContext http = Context(method, target, body, contentType, client);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Task done = pipeline.InvokeAsync(http);
            long after = GC.GetAllocatedBytesForCurrentThread();
            if (done.IsCompleted)
            {
                least = Math.Min(least, after - before);
            }

            await done;
            Assert.Equal(code, http.Response.StatusCode);
        }

        return least;
    }

    private async Task<DefaultHttpContext> SendAsync(string method, string target, string body, string contentType)
    {
        DefaultHttpContext http = Context(method, target, body, contentType);
        await pipeline.InvokeAsync(http);
        return http;
    }

    private static DefaultHttpContext Context(string method, string target, string body, string contentType, X509Certificate2? client = null)
    {
        byte[] content = Encoding.UTF8.GetBytes(body);
        int query = target.IndexOf('?', StringComparison.Ordinal);
        var request = new HttpRequestFeature
        {
            Method = method,
            RawTarget = target,
            Path = query < 0 ? target : target[..query],
            QueryString = query < 0 ? "" : target[query..],
            Scheme = "https",
            Protocol = "HTTP/2",
            Headers = new HeaderDictionary { ["User-Agent"] = "cost/1", ["Content-Type"] = contentType, ["Content-Length"] = content.Length.ToString(CultureInfo.InvariantCulture) },
            Body = new MemoryStream(content, writable: false),
        };
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        var answer = new MemoryStream(8 << 10);
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(answer));
        features.Set<IHttpConnectionFeature>(new HttpConnectionFeature { RemoteIpAddress = IPAddress.Loopback });
        features.Set<ITlsConnectionFeature>(new TlsConnectionFeature { ClientCertificate = client ?? Admin });
        return new DefaultHttpContext(features) { Items = { [Answer] = answer } };
    }
}
