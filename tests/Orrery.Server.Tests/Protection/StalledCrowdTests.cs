using System.Globalization;
using System.Net;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Cache;
using Orrery.Testing;

namespace Orrery.Server.Tests.Protection;

/// <summary>Of many that watch, most are sent what changed without being waited for; those that take nothing are cut off all the same.</summary>
public sealed class StalledCrowdTests
{
    private const int Stalled = 20, Others = 40, Changes = 3;

    /// <summary>Of <see cref="Changes"/> such objects a stream that nobody reads takes two.</summary>
    private const int Window = 65535, ObjectBytes = 30_000;

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(5);
    private static readonly ClusterName Shop = new("acme", "shop");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_ByManyOfWhomSomeTakeNothing_TheseAreCutOffAndTheOthersToldOfAll()
    {
        var time = new ManualTime();
        time.Skew = TimeProvider.System.GetUtcNow() - time.GetUtcNow();
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { TimeProvider = time }, Cancel);
        await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named(Shop.Namespace), Cancel);
        await server.Admin.CreateAsync(OrreryResources.LogicalClusters, Shop.Namespace, ServerFixture.Named(Shop.Name), Cancel);
        using KubeClient admin = server.AdminOf(Shop);
        using HttpClient lazy = Client(server), eager = Client(server);
        var stalled = new List<HttpResponseMessage>();
        var told = new List<Task>();
        try
        {
            for (int i = 0; i < Stalled; i++)
            {
                stalled.Add(await WatchAsync(lazy));
            }

            for (int i = 0; i < Others; i++)
            {
                told.Add(TakeAsync(await WatchAsync(eager)));
            }

            await admin.CreateAsync(ServerFixture.ConfigMaps, "kube-public", ServerFixture.ConfigMap("a", new string('0', ObjectBytes)), Cancel);
            for (int i = 1; i < Changes; i++)
            {
                await admin.UpdateAsync(ServerFixture.ConfigMaps, "kube-public", "a", ServerFixture.ConfigMap("a", new string((char)('0' + i), ObjectBytes)), Cancel);
            }

            // Of those that take nothing some are waited for, for a moment of the server's clock.
            Task all = Task.WhenAll(told);
            await Eventually.TrueAsync(
                () =>
                {
                    time.Advance(WakeQueue.Patience);
                    return all.IsCompleted;
                },
                "the others have been told of all",
                Long,
                Cancel);
            await all;
            await Eventually.TrueAsync(
                async () =>
                {
                    time.Advance(Step);
                    return await EndedAsync(server) >= Stalled + Others;
                },
                "the watches of those that take nothing have ended",
                Long,
                Cancel);
            Assert.All(await Task.WhenAll(stalled.Select(EndsWholeAsync)), Assert.False);
        }
        finally
        {
            stalled.ForEach(s => s.Dispose());
        }
    }

    private static Task<HttpResponseMessage> WatchAsync(HttpClient client) =>
        client.GetAsync("api/v1/namespaces/kube-public/configmaps?watch=true&fieldSelector=metadata.name%3Da", HttpCompletionOption.ResponseHeadersRead, Cancel);

    /// <summary>Ends once it was told of all.</summary>
    private static async Task TakeAsync(HttpResponseMessage answer)
    {
        using HttpResponseMessage own = answer;
        using var lines = new StreamReader(await own.Content.ReadAsStreamAsync(Cancel));
        for (int i = 0; i < Changes; i++)
        {
            Assert.Contains(new string((char)('0' + i), ObjectBytes), await lines.ReadLineAsync(Cancel), StringComparison.Ordinal);
        }
    }

    private static async Task<bool> EndsWholeAsync(HttpResponseMessage answer)
    {
        try
        {
            await answer.Content.ReadAsByteArrayAsync(Cancel).WaitAsync(Long, Cancel);
            return true;
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            return false;
        }
    }

    /// <summary>Watches of ConfigMaps that have ended.</summary>
    private static async Task<double> EndedAsync(TestServer server)
    {
        using var raw = new RawHttp(server);
        using HttpResponseMessage answer = await raw.SendAsync(HttpMethod.Get, "/metrics");
        return (await answer.Content.ReadAsStringAsync(Cancel)).Split('\n')
            .Where(l => l.StartsWith("apiserver_request_total{", StringComparison.Ordinal) && l.Contains("resource=\"configmaps\"", StringComparison.Ordinal) && l.Contains("verb=\"WATCH\"", StringComparison.Ordinal))
            .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    private static HttpClient Client(TestServer server)
    {
        var handler = new SocketsHttpHandler { InitialHttp2StreamWindowSize = Window };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        var http = new HttpClient(handler)
        {
            BaseAddress = new Uri(server.Url, Shop.PathPrefix + "/"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        http.DefaultRequestHeaders.Authorization = new("Bearer", server.AdminToken(Shop));
        return http;
    }
}
