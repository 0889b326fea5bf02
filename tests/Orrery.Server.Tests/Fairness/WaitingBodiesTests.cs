using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Authentication;
using Orrery.Server.Fairness;
using Orrery.Testing;

namespace Orrery.Server.Tests.Fairness;

public sealed class WaitingBodiesTests
{
    private const int Bodies = 24;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task LargeBodies_OverOneConnectionWithOneSeat_DoNotHoldEachOtherUp()
    {
        var options = new FairnessOptions { Seats = 1, SeatsOfCluster = 1, BusySeatsOfCluster = 1, GuaranteedSeats = 1, LongestWait = TimeSpan.FromMinutes(2) };
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { Configure = o => o with { Fairness = options } }, Cancel);
        await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("acme"), Cancel);
        await server.Admin.CreateAsync(OrreryResources.LogicalClusters, "acme", ServerFixture.Named("shop"), Cancel);
        var shop = new ClusterName("acme", "shop");
        await server.AdminOf(shop).ListAsync(ServerFixture.ConfigMaps, "default", null, Cancel);
        using X509Certificate2 certificate = server.Certificate("ann", [UserGroups.Masters], new ClusterScope(shop));
        using var client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true, ClientCertificates = [certificate] },
        })
        {
            BaseAddress = server.Url,
            Timeout = TimeSpan.FromMinutes(5),
        };

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

        async Task<HttpStatusCode> SendAsync(int number)
        {
            JsonObject body = ServerFixture.ConfigMap("large-" + number, new string('x', 900_000));
            using var message = new HttpRequestMessage(HttpMethod.Post, shop.PathPrefix + "/api/v1/namespaces/default/configmaps?dryRun=All")
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString())) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            };
            using HttpResponseMessage answer = await client.SendAsync(message, Cancel);
            return answer.StatusCode;
        }
    }
}
