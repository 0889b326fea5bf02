using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;

namespace Orrery.Satellite.Tests.Joining;

public sealed class IdentityStoreTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Write_AnswerToOneBeforeWasLost_GoesOnFromIt(int lost)
    {
        using var secret = new OneSecret();
        using KubeClient cluster = secret.Client();
        var store = new IdentityStore(cluster, JoinNames.IdentitySecret);
        Assert.Null(await store.ReadAsync(Token));
        for (int i = 1; i < lost; i++)
        {
            await store.WriteAsync(Identity($"{i}"), Token);
        }

        secret.LosesNextAnswer = true;
        await Assert.ThrowsAsync<HttpRequestException>(() => store.WriteAsync(Identity("lost"), Token));
        await store.WriteAsync(Identity("next"), Token);

        Assert.Equal("next", (await store.ReadAsync(Token))!.NextKeyPem);
    }

    [Fact]
    public async Task Write_SomebodyElseWroteInstead_IsRefused()
    {
        using var secret = new OneSecret();
        using KubeClient cluster = secret.Client();
        var store = new IdentityStore(cluster, JoinNames.IdentitySecret);
        var other = new IdentityStore(cluster, JoinNames.IdentitySecret);
        await store.ReadAsync(Token);
        await store.WriteAsync(Identity("1"), Token);
        await other.ReadAsync(Token);

        secret.LosesNextAnswer = true;
        await Assert.ThrowsAsync<HttpRequestException>(() => store.WriteAsync(Identity("lost"), Token));
        await other.ReadAsync(Token);
        await other.WriteAsync(Identity("other"), Token);

        StatusException conflict = await Assert.ThrowsAsync<StatusException>(() => store.WriteAsync(Identity("next"), Token));
        Assert.True(conflict.IsConflict);
        Assert.Equal("other", (await other.ReadAsync(Token))!.NextKeyPem);
    }

    private static SatelliteIdentity Identity(string key) => new("edge-1", "uid", new Uri("https://example.com"), "authorities", null, null, key, null);

    /// <summary>A cluster with room for one Secret, whose answer may get lost.</summary>
    private sealed class OneSecret : HttpMessageHandler
    {
        private JsonObject? kept;
        private int version;

        public bool LosesNextAnswer { get; set; }

        public KubeClient Client() => new(new ClientConfig(new Uri("https://cluster.example.com")) { Carrier = () => this });

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (!request.RequestUri!.AbsolutePath.Contains("/secrets", StringComparison.Ordinal))
            {
                // The namespace that it stands in.
                return Answer(HttpStatusCode.OK, new JsonObject { ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = "n" } });
            }

            if (request.Method != HttpMethod.Get)
            {
                var sent = (JsonObject)JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!;
                if (kept is null ? request.Method != HttpMethod.Post : sent.Metadata.TextAt("resourceVersion") != kept.ResourceVersion)
                {
                    return Answer(HttpStatusCode.Conflict, ApiErrors.Conflict(new GroupResource("", "secrets"), "s").Status.ToJson());
                }

                kept = sent;
                kept.Metadata["resourceVersion"] = $"{++version}";
                if (LosesNextAnswer)
                {
                    LosesNextAnswer = false;
                    throw new HttpRequestException("the connection broke");
                }
            }

            return kept is null ? Answer(HttpStatusCode.NotFound, ApiErrors.NotFound(new GroupResource("", "secrets"), "s").Status.ToJson()) : Answer(HttpStatusCode.OK, kept);
        }

        private static HttpResponseMessage Answer(HttpStatusCode code, JsonObject body) =>
            new(code) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
    }
}
