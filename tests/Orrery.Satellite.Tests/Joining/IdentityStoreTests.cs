using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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

        Assert.Equal("next", (await store.ReadAsync(Token))!.UsedToken);
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
        Assert.Equal("other", (await other.ReadAsync(Token))!.UsedToken);
    }

    [Fact]
    public async Task Write_AndRestore_WhereAnotherControlPlanesSatelliteWroteItsOwn_SayWhose()
    {
        using var secret = new OneSecret();
        using KubeClient cluster = secret.Client();
        var store = new IdentityStore(cluster, JoinNames.IdentitySecret);
        var other = new IdentityStore(cluster, JoinNames.IdentitySecret);
        await store.ReadAsync(Token);
        await store.WriteAsync(Identity("1"), Token);
        Assert.False(await store.RestoreAsync(Identity("1"), Token));
        await other.ReadAsync(Token);
        await other.WriteAsync(Identity("2") with { DataPlane = "arrived", Server = new Uri("https://other.example.com/") }, Token);

        foreach (Func<Task> act in (Func<Task>[])[() => store.WriteAsync(Identity("3"), Token), () => store.RestoreAsync(Identity("1"), Token)])
        {
            InvalidDataException taken = await Assert.ThrowsAsync<InvalidDataException>(act);
            Assert.Contains("holds the identity of data plane arrived of https://other.example.com/: another satellite works in this cluster", taken.Message, StringComparison.Ordinal);
        }

        Assert.Equal("arrived", (await other.ReadAsync(Token))!.DataPlane);
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

        Assert.Equal("3", (await store.ReadAsync(Token))!.UsedToken);
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

        Assert.Equal("2", (await store.ReadAsync(Token))!.UsedToken);
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
        Assert.Equal(stays ? "1" : null, (await store.ReadAsync(Token))?.UsedToken);
    }

    /// <summary>Whatever stands in one key of the Secret, a satellite starts by it: with what is left, or as one that never joined.</summary>
    [Theory]
    [InlineData("next.key", true)]
    [InlineData("used-token", true)]
    [InlineData("server", false)]
    [InlineData("ca.crt", false)]
    [InlineData("tls.crt", false)]
    [InlineData("tls.key", false)]
    public async Task Read_GarbageInOneKey_IsAnIdentityOrNone(string key, bool isOne)
    {
        using var secret = new OneSecret();
        using KubeClient cluster = secret.Client();
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string pem = own.ExportPkcs8PrivateKeyPem();
        SatelliteIdentity whole = Identity("1") with { CertificatePem = AuthoritiesPem, KeyPem = KeyPem, NextKeyPem = pem };
        foreach (string garbage in (string[])["garbage", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", own.ExportSubjectPublicKeyInfoPem(), "\0", "ftp://example.com", new string('x', 900_000)])
        {
            secret.Kept = null;
            var store = new IdentityStore(cluster, JoinNames.IdentitySecret);
            await store.WriteAsync(whole, Token);
            Assert.Equal(whole, await new IdentityStore(cluster, JoinNames.IdentitySecret).ReadAsync(Token));
            secret.Kept!["data"]![key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(garbage));
            secret.Touch();

            SatelliteIdentity? read = await new IdentityStore(cluster, JoinNames.IdentitySecret).ReadAsync(Token);

            Assert.Equal(isOne, read is not null);
            Assert.Null(read?.NextKeyPem is { } next && next != pem ? next : null);
            read?.Authorities();
            read?.Certificate()?.Dispose();
        }
    }

    /// <summary>A satellite that runs knows what it is: what somebody spoils it puts back, and can replace its certificate later.</summary>
    [Fact]
    public async Task Restore_SomebodyElseWroteNoIdentity_PutsItBack()
    {
        using var secret = new OneSecret();
        using KubeClient cluster = secret.Client();
        var store = new IdentityStore(cluster, JoinNames.IdentitySecret);
        await store.WriteAsync(Identity("1"), Token);

        secret.Kept!["data"]!["ca.crt"] = "";
        secret.Touch();

        Assert.True(await store.RestoreAsync(Identity("1"), Token));
        Assert.Equal("1", (await store.ReadAsync(Token))!.UsedToken);
        await store.WriteAsync(Identity("2"), Token);
        Assert.Equal("2", (await store.ReadAsync(Token))!.UsedToken);
    }

    private static readonly (string Certificate, string Key) Authority = NewAuthority();

    private static string AuthoritiesPem => Authority.Certificate;

    private static string KeyPem => Authority.Key;

    private static (string Certificate, string Key) NewAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256).CreateSelfSigned(now, now.AddDays(1));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private static SatelliteIdentity Identity(string token) => new("edge-1", "uid", new Uri("https://example.com"), AuthoritiesPem, null, null, null, token);

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
