using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Authentication;
using Orrery.Server.Fairness;
using Orrery.Testing;

namespace Orrery.Server.Tests.Fairness;

/// <summary>Who is sent away before the body has come is told so, and not cut off.</summary>
public sealed class SentAwayTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ManyPatches_WhoseQueueIsFull_AreAllAnswered()
    {
        var options = new FairnessOptions { Seats = 1, SeatsOfCluster = 1, BusySeatsOfCluster = 1, GuaranteedSeats = 1, QueueOfFlow = 1 };
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
        };

        HttpStatusCode[][] answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(async n =>
        {
            var own = new HttpStatusCode[50];
            for (int i = 0; i < own.Length; i++)
            {
                own[i] = await SendAsync(n);
            }

            return own;
        }));

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.TooManyRequests], answers.SelectMany(a => a).Distinct().Order());

        async Task<HttpStatusCode> SendAsync(int number)
        {
            using var message = new HttpRequestMessage(HttpMethod.Patch, shop.PathPrefix + "/api/v1/namespaces/default/configmaps/kube-root-ca.crt")
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = new ByteArrayContent(Encoding.UTF8.GetBytes($$"""{"data":{"a":"{{number}}"} }""")) { Headers = { ContentType = new MediaTypeHeaderValue("application/merge-patch+json") } },
            };
            using HttpResponseMessage answer = await client.SendAsync(message, Cancel);
            return answer.StatusCode;
        }
    }
}
