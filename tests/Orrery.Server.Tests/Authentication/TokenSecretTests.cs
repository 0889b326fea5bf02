using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Server.Tests.Authentication;

/// <summary>Secrets of type <c>kubernetes.io/service-account-token</c>, at a real server, in root and in a virtual cluster.</summary>
public sealed class TokenSecretTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");
    private static readonly GroupVersionResource Accounts = new("", "v1", "serviceaccounts");
    private static readonly GroupVersionResource SelfReviews = new("authentication.k8s.io", "v1", "selfsubjectreviews");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Secret_ForAnAccount_IsFilledAndGoodForItsClusterAsLongAsItIsThere(bool isVirtual)
    {
        (KubeClient admin, ClusterName cluster, string ns) = await PlaceAsync(isVirtual);
        KubeObject account = await admin.CreateAsync(Accounts, ns, ServerFixture.Named("robot"), Cancel);
        KubeObject secret = await FilledAsync(admin, ns, "long", "robot");
        string token = Text(secret, "token");

        Assert.Equal(ns, Text(secret, "namespace"));
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", Text(secret, "ca.crt"));
        Assert.Equal(account.Uid, secret.Annotations["kubernetes.io/service-account.uid"]);
        JsonWebToken read = JsonWebToken.Read(token)!;
        Assert.Equal("kubernetes/serviceaccount", JsonWebToken.Text(read.Claims, "iss"));
        Assert.Null(JsonWebToken.Seconds(read.Claims, "exp"));
        Assert.Equal($"system:serviceaccount:{ns}:robot", await WhoAsync(token, cluster));
        Assert.Null(await WhoAsync(token, cluster.IsRoot ? new ClusterName("no", "such") : ClusterName.Root));

        // Another token in its place is another Secret's; none is none.
        string other = Text(await FilledAsync(admin, ns, "other", "robot"), "token");
        JsonObject swapped = (await admin.GetAsync(Secrets, ns, "long", Cancel)).ToJsonObject();
        swapped.ObjectAt("data")["token"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(other));
        await admin.UpdateAsync(Secrets, ns, "long", swapped, Cancel);
        Assert.Null(await WhoAsync(token, cluster));
        Assert.NotNull(await WhoAsync(other, cluster));
        await admin.DeleteAsync(Secrets, ns, "other", null, Cancel);
        Assert.Null(await WhoAsync(other, cluster));
    }

    [Fact]
    public async Task Account_Gone_TakesItsSecretsWithIt()
    {
        (KubeClient admin, ClusterName cluster, string ns) = await PlaceAsync(isVirtual: true);
        await admin.CreateAsync(Accounts, ns, ServerFixture.Named("robot"), Cancel);
        string token = Text(await FilledAsync(admin, ns, "long", "robot"), "token");
        await admin.CreateAsync(Secrets, ns, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "plain" } }, Cancel);

        await admin.DeleteAsync(Accounts, ns, "robot", null, Cancel);

        Assert.Null(await WhoAsync(token, cluster));
        await Eventually.TrueAsync(async () => await admin.FindAsync(Secrets, ns, "long", Cancel) is null, "the secret goes", TimeSpan.FromSeconds(60), Cancel);
        Assert.NotNull(await admin.FindAsync(Secrets, ns, "plain", Cancel));

        // Made again it is another account: what was kept of the old one is good for nothing.
        await admin.CreateAsync(Accounts, ns, ServerFixture.Named("robot"), Cancel);
        Assert.Null(await WhoAsync(token, cluster));
    }

    [Fact]
    public async Task Secret_ForNoAccount_GoesAway()
    {
        (KubeClient admin, _, string ns) = await PlaceAsync(isVirtual: false);
        await admin.CreateAsync(Secrets, ns, Secret("stray", "nobody"), Cancel);

        await Eventually.TrueAsync(async () => await admin.FindAsync(Secrets, ns, "stray", Cancel) is null, "the secret goes", TimeSpan.FromSeconds(60), Cancel);
    }

    private async Task<(KubeClient Admin, ClusterName Cluster, string Namespace)> PlaceAsync(bool isVirtual)
    {
        if (!isVirtual)
        {
            return (fixture.Admin, ClusterName.Root, await fixture.NamespaceAsync());
        }

        ClusterName cluster = await fixture.ClusterAsync("shop");
        return (fixture.Server.AdminOf(cluster), cluster, "default");
    }

    private static async Task<KubeObject> FilledAsync(KubeClient admin, string ns, string name, string account)
    {
        await admin.CreateAsync(Secrets, ns, Secret(name, account), Cancel);
        return await Eventually.SomeAsync(async () => await admin.GetAsync(Secrets, ns, name, Cancel) is var secret && secret.TextAt("data", "token") is not null ? secret : null, "it is filled", TimeSpan.FromSeconds(60), Cancel);
    }

    private static JsonObject Secret(string name, string account) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["annotations"] = new JsonObject { ["kubernetes.io/service-account.name"] = account } },
        ["type"] = "kubernetes.io/service-account-token",
    };

    private static string Text(KubeObject secret, string key) => Encoding.UTF8.GetString(Convert.FromBase64String(secret.TextAt("data", key)!));

    private async Task<string?> WhoAsync(string token, ClusterName cluster)
    {
        using var client = new KubeClient(fixture.Server.Config(token: token, cluster: cluster));
        try
        {
            return (await client.CreateAsync(SelfReviews, "", new JsonObject(), Cancel)).TextAt("status", "userInfo", "username");
        }
        catch (StatusException refused) when (refused.Code == 401)
        {
            return null;
        }
    }
}
