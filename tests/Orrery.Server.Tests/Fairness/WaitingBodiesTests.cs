using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Server.Fairness;
using Orrery.Testing;

namespace Orrery.Server.Tests.Fairness;

public sealed class WaitingBodiesTests
{
    private static readonly FairnessOptions OneSeat = new() { Seats = 1, SeatsOfCluster = 1, BusySeatsOfCluster = 1, GuaranteedSeats = 1 };

    [Fact]
    public async Task LargeBodies_OverOneConnectionWithOneSeat_DoNotHoldEachOtherUp()
    {
        const int Bodies = 24;
        FairnessOptions options = OneSeat with { LongestWait = TimeSpan.FromMinutes(2) };
        await using Shop shop = await Shop.StartAsync(options);

        long began = Stopwatch.GetTimestamp();
        HttpStatusCode[] answers = await Task.WhenAll(Enumerable.Range(0, Bodies).Select(SendAsync));

        // Whoever could not wait was told so at once, and the others went on one after the other.
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        Assert.True(took < options.LongestWait / 2, $"{took}: {string.Join(' ', answers)}");
        Assert.All(answers, a => Assert.True(a is HttpStatusCode.Created or HttpStatusCode.TooManyRequests, a.ToString()));
        Assert.Contains(HttpStatusCode.Created, answers);

        // Nothing is left held: one after the other all are taken.
        for (int i = 0; i < Bodies; i++)
        {
            Assert.Equal(HttpStatusCode.Created, await SendAsync(i));
        }

        Task<HttpStatusCode> SendAsync(int number) =>
            shop.SendAsync(HttpMethod.Post, "?dryRun=All", ServerFixture.ConfigMap("large-" + number, new string('x', 900_000)), "application/json");
    }

    [Fact]
    public async Task Bodies_OfRequestsThatAreSentAwayBeforeTheyHaveCome_DoNotCutThemOff()
    {
        await using Shop shop = await Shop.StartAsync(OneSeat with { QueueOfFlow = 1 });

        HttpStatusCode[][] answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(async n =>
        {
            var own = new HttpStatusCode[50];
            for (int i = 0; i < own.Length; i++)
            {
                own[i] = await shop.SendAsync(HttpMethod.Patch, "/kube-root-ca.crt", new JsonObject { ["data"] = new JsonObject { ["n"] = $"{n}" } }, "application/merge-patch+json");
            }

            return own;
        }));

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.TooManyRequests], answers.SelectMany(a => a).Distinct().Order());
    }

    /// <summary>A virtual cluster, and a client of it with one connection.</summary>
    private sealed class Shop(TestServer server, X509Certificate2 certificate, HttpClient client) : IAsyncDisposable
    {
        private static readonly ClusterName Cluster = new("acme", "shop");

        private static CancellationToken Cancel => TestContext.Current.CancellationToken;

        public static async Task<Shop> StartAsync(FairnessOptions options)
        {
            TestServer server = await TestServer.StartAsync(new TestServerOptions { Configure = o => o with { Fairness = options } }, Cancel);
            await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("acme"), Cancel);
            await server.Admin.CreateAsync(OrreryResources.LogicalClusters, "acme", ServerFixture.Named("shop"), Cancel);
            using (KubeClient admin = server.AdminOf(Cluster))
            {
                await Orrery.Testing.Eventually.TrueAsync(
                    async () => await admin.FindAsync(ServerFixture.ConfigMaps, "default", "kube-root-ca.crt", Cancel) is not null, "the certificate comes", cancellationToken: Cancel);
            }

            X509Certificate2 certificate = server.Certificate("ann", [UserGroups.Masters], new ClusterScope(Cluster));
            var client = new HttpClient(new SocketsHttpHandler
            {
                SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true, ClientCertificates = [certificate] },
            })
            {
                BaseAddress = server.Url,
                Timeout = TimeSpan.FromMinutes(5),
            };
            return new Shop(server, certificate, client);
        }

        /// <param name="below">Of ConfigMaps.</param>
        public async Task<HttpStatusCode> SendAsync(HttpMethod method, string below, JsonObject body, string contentType)
        {
            using var message = new HttpRequestMessage(method, $"{Cluster.PathPrefix}/api/v1/namespaces/default/configmaps{below}")
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString())) { Headers = { ContentType = new MediaTypeHeaderValue(contentType) } },
            };
            using HttpResponseMessage answer = await client.SendAsync(message, Cancel);
            return answer.StatusCode;
        }

        public async ValueTask DisposeAsync()
        {
            client.Dispose();
            certificate.Dispose();
            await server.DisposeAsync();
        }
    }
}
