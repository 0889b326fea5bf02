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

    /// <summary>Who labels a Secret, or stores all of them anew under another key, writes nothing that concerns its satellite.</summary>
    [Fact]
    public async Task Write_SomebodyElseLabelledIt_GoesOnAndKeepsTheLabel()
    {
        using var secret = new OneSecret();
        using KubeClient cluster = secret.Client();
        var store = new IdentityStore(cluster, JoinNames.IdentitySecret);
        await store.ReadAsync(Token);
        await store.WriteAsync(Identity("1"), Token);

        secret.Kept!.Metadata["labels"] = new JsonObject { ["backup"] = "yes" };
        secret.Touch();
        await store.WriteAsync(Identity("2"), Token);
        secret.Touch();
        await store.WriteAsync(Identity("3"), Token);

        Assert.Equal("3", (await store.ReadAsync(Token))!.NextKeyPem);
        Assert.Equal("yes", secret.Kept!.Metadata.TextAt("labels", "backup"));
    }

    [Fact]
    public async Task Write_SomebodyElseTookItAway_MakesItAgain()
    {
        using var secret = new OneSecret();
        using KubeClient cluster = secret.Client();
        var store = new IdentityStore(cluster, JoinNames.IdentitySecret);
        await store.WriteAsync(Identity("1"), Token);

        secret.Kept = null;
        await store.WriteAsync(Identity("2"), Token);

        Assert.Equal("2", (await store.ReadAsync(Token))!.NextKeyPem);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Restore_SomebodyElseTookItAway_MakesItAgainWhereItsNamespaceStays(bool stays)
    {
        using var secret = new OneSecret();
        using KubeClient cluster = secret.Client();
        var store = new IdentityStore(cluster, JoinNames.IdentitySecret);
        await store.WriteAsync(Identity("1"), Token);
        Assert.False(await store.RestoreAsync(Identity("1"), Token));

        secret.Kept = null;
        secret.IsNamespaceLeaving = !stays;

        Assert.Equal(stays, await store.RestoreAsync(Identity("1"), Token));
        Assert.Equal(stays ? "1" : null, (await store.ReadAsync(Token))?.NextKeyPem);
    }

    private static SatelliteIdentity Identity(string key) => new("edge-1", "uid", new Uri("https://example.com"), "authorities", null, null, key, null);

    /// <summary>A cluster with room for one Secret, whose answer may get lost.</summary>
    private sealed class OneSecret : HttpMessageHandler
    {
        private int version;

        public JsonObject? Kept { get; set; }

        public bool LosesNextAnswer { get; set; }

        public bool IsNamespaceLeaving { get; set; }

        public KubeClient Client() => new(new ClientConfig(new Uri("https://cluster.example.com")) { Carrier = () => this });

        /// <summary>Somebody writes it, as it is.</summary>
        public void Touch() => Kept!.Metadata["resourceVersion"] = $"{++version}";

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (!request.RequestUri!.AbsolutePath.Contains("/secrets", StringComparison.Ordinal))
            {
                // The namespace that it stands in.
                return Answer(HttpStatusCode.OK, new JsonObject { ["kind"] = "Namespace", ["metadata"] = IsNamespaceLeaving ? new JsonObject { ["name"] = "n", ["deletionTimestamp"] = "2026-01-02T03:04:05Z" } : new JsonObject { ["name"] = "n" } });
            }

            if (request.Method != HttpMethod.Get)
            {
                var sent = (JsonObject)JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!;
                if (Kept is null && request.Method == HttpMethod.Put)
                {
                    return Answer(HttpStatusCode.NotFound, ApiErrors.NotFound(new GroupResource("", "secrets"), "s").Status.ToJson());
                }

                if (Kept is null ? request.Method != HttpMethod.Post : sent.Metadata.TextAt("resourceVersion") != Kept.ResourceVersion)
                {
                    return Answer(HttpStatusCode.Conflict, ApiErrors.Conflict(new GroupResource("", "secrets"), "s").Status.ToJson());
                }

                Kept = sent;
                Kept.Metadata["resourceVersion"] = $"{++version}";
                if (LosesNextAnswer)
                {
                    LosesNextAnswer = false;
                    throw new HttpRequestException("the connection broke");
                }
            }

            return Kept is null ? Answer(HttpStatusCode.NotFound, ApiErrors.NotFound(new GroupResource("", "secrets"), "s").Status.ToJson()) : Answer(HttpStatusCode.OK, Kept);
        }

        private static HttpResponseMessage Answer(HttpStatusCode code, JsonObject body) =>
            new(code) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
    }
}
