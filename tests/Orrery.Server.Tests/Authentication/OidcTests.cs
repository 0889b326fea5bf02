using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Server.Authentication.Oidc;
using Orrery.Server.Security;
using Orrery.Server.Tests.Security;
using Orrery.Testing;

namespace Orrery.Server.Tests.Authentication;

public sealed class OidcTests
{
    private static readonly TurnedClock Clock = new(new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static async Task<UserInfo?> AskAsync(OidcAuthenticator authenticator, string token) => await authenticator.AuthenticateAsync(JsonWebToken.Read(token)!, ClusterScope.Root, Cancel);

    private static OidcAuthenticator Authenticator(OidcOptions options, TimeProvider? clock = null) => new(options.ToProvider(), null, clock ?? Clock, NullLogger<OidcAuthenticator>.Instance);

    [Fact]
    public async Task GoodToken_IsItsUserWithPrefixes_AndNeverASystemGroup()
    {
        await using Provider provider = await Provider.StartAsync();
        using OidcAuthenticator authenticator = Authenticator(provider.Options);

        UserInfo user = (await AskAsync(authenticator, provider.Token(Clock.Now)))!;

        Assert.Equal(provider.Issuer + "#ann", user.Name);
        Assert.Equal(["oidc:devs", "oidc:system:masters", "system:authenticated"], user.Groups);
        Assert.Equal(ClusterScope.Root, user.Scope);
        Assert.Equal(["JTI=7"], user.Extra["authentication.kubernetes.io/credential-id"]);
        using OidcAuthenticator bare = Authenticator(provider.Options with { UsernamePrefix = "", GroupsPrefix = "" });
        Assert.Equal(["devs", "system:authenticated"], (await AskAsync(bare, provider.Token(Clock.Now)))!.Groups);
        Assert.Null(await AskAsync(bare, provider.Token(Clock.Now, ("sub", "system:admin"))));
    }

    public static TheoryData<string, string?> Wrong => new()
    {
        { "aud", "\"other\"" }, { "aud", null }, { "exp", null }, { "exp", "1" }, { "exp", "\"9999999999\"" }, { "nbf", "9999999999" }, { "sub", null }, { "sub", "\"\"" }, { "hd", "\"elsewhere\"" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task WrongClaim_IsRefused(string claim, string? value)
    {
        await using Provider provider = await Provider.StartAsync();
        using OidcAuthenticator authenticator = Authenticator(provider.Options with { RequiredClaims = new Dictionary<string, string> { ["hd"] = "here" } });
        Assert.NotNull(await AskAsync(authenticator, provider.Token(Clock.Now, ("hd", "here"))));

        Assert.Null(await AskAsync(authenticator, provider.Token(Clock.Now, ("hd", "here"), (claim, value is null ? null : JsonNode.Parse(value)))));
    }

    [Fact]
    public async Task Email_ThatIsNotVerified_IsRefused()
    {
        await using Provider provider = await Provider.StartAsync();
        using OidcAuthenticator authenticator = Authenticator(provider.Options with { UsernameClaim = "email" });

        Assert.Equal("a@b.c", (await AskAsync(authenticator, provider.Token(Clock.Now, ("email", "a@b.c"), ("email_verified", true))))!.Name);
        Assert.Null(await AskAsync(authenticator, provider.Token(Clock.Now, ("email", "a@b.c"), ("email_verified", false))));
        Assert.Null(await AskAsync(authenticator, provider.Token(Clock.Now, ("email", "a@b.c"), ("email_verified", "true"))));
    }

    [Fact]
    public async Task KeysTurned_AreFetchedAgain_ButNotForEveryToken()
    {
        var clock = new TurnedClock(Clock.Now);
        await using Provider provider = await Provider.StartAsync();
        using OidcAuthenticator authenticator = Authenticator(provider.Options, clock);
        string old = provider.Token(clock.Now);
        Assert.NotNull(await AskAsync(authenticator, old));
        Assert.Equal(1, provider.Fetches);

        // 1. A key that nobody knows yet, right after a fetch: refused without asking again.
        provider.Keys = Provider.RsaKeys();
        Assert.Null(await AskAsync(authenticator, provider.Token(clock.Now)));
        Assert.Null(await AskAsync(authenticator, provider.Token(clock.Now)));
        Assert.Equal(1, provider.Fetches);

        // 2. A little later it is found, and the old key is gone.
        clock.Now += TimeSpan.FromSeconds(11);
        Assert.NotNull(await AskAsync(authenticator, provider.Token(clock.Now)));
        Assert.Equal(2, provider.Fetches);
        Assert.Null(await AskAsync(authenticator, old));

        // 3. A provider that is away locks nobody out whom it let in.
        provider.IsAway = true;
        clock.Now += TimeSpan.FromHours(2);
        Assert.NotNull(await AskAsync(authenticator, provider.Token(clock.Now)));
    }

    [Fact]
    public async Task WrongDocumentAlgorithmOrKey_IsRefused()
    {
        await using Provider provider = await Provider.StartAsync();
        using OidcAuthenticator pss = Authenticator(provider.Options with { SigningAlgorithms = ["PS256"] });
        Assert.Null(await AskAsync(pss, provider.Token(Clock.Now)));

        using OidcAuthenticator distrusting = Authenticator(provider.Options with { Authorities = [CertificateAuthority.Create("other", TimeSpan.FromDays(1), TimeProvider.System).Certificate()] });
        Assert.Null(await AskAsync(distrusting, provider.Token(Clock.Now)));

        provider.ClaimedIssuer = provider.Issuer + "/";
        using OidcAuthenticator misled = Authenticator(provider.Options);
        Assert.Null(await AskAsync(misled, provider.Token(Clock.Now)));
        Assert.Equal(0, provider.Fetches);
    }

    [Fact]
    public async Task Server_LetsInItsUsersOnRootAlone_AndReviewsTheirTokens()
    {
        await using Provider provider = await Provider.StartAsync();
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { Configure = options => options with { Oidc = provider.Options } }, Cancel);
        string token = provider.Token(TimeProvider.System.GetUtcNow());
        using var ann = new KubeClient(server.Config(token: token));

        KubeObject self = await ann.CreateAsync(new GroupVersionResource("authentication.k8s.io", "v1", "selfsubjectreviews"), "", new JsonObject(), Cancel);
        Assert.Equal(provider.Issuer + "#ann", self.TextAt("status", "userInfo", "username"));
        Assert.Equal(403, (await Assert.ThrowsAsync<StatusException>(() => ann.GetAsync(ServerFixture.Namespaces, "", "default", Cancel))).Code);
        KubeObject review = await server.Admin.CreateAsync(
            new GroupVersionResource("authentication.k8s.io", "v1", "tokenreviews"), "", new JsonObject { ["spec"] = new JsonObject { ["token"] = token } }, Cancel);
        Assert.Equal(provider.Issuer + "#ann", review.TextAt("status", "user", "username"));
        await server.Admin.CreateAsync(Orrery.Api.Kinds.OrreryResources.LogicalClusters, "default", ServerFixture.Named("shop"), Cancel);
        using var elsewhere = new KubeClient(server.Config(token: token, cluster: new ClusterName("default", "shop")));
        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => elsewhere.GetAsync(ServerFixture.Namespaces, "", "default", Cancel))).Code);
    }

    [Fact]
    public async Task OwnIssuer_OfEachCluster_PublishesWhatItsTokensName()
    {
        await using TestServer server = await TestServer.StartAsync(
            new TestServerOptions { Configure = options => options with { Issuers = new TokenIssuers { Root = ["https://api.example.com"] }, PublicUrl = new Uri("https://api.example.com") } }, Cancel);
        await server.Admin.CreateAsync(Orrery.Api.Kinds.OrreryResources.LogicalClusters, "default", ServerFixture.Named("shop"), Cancel);
        foreach ((ClusterName cluster, string issuer) in new[] { (ClusterName.Root, "https://api.example.com"), (new ClusterName("default", "shop"), "https://api.example.com/clusters/default/shop") })
        {
            using var kubectl = new Kubectl(server, cluster);
            JsonObject about = JsonNode.Parse((await kubectl.RunAsync("get", "--raw", cluster.PathPrefix + "/.well-known/openid-configuration")).Succeeded())!.AsObject();
            JsonObject keys = JsonNode.Parse((await kubectl.RunAsync("get", "--raw", cluster.PathPrefix + "/openid/v1/jwks")).Succeeded())!.AsObject();
            string token = (await kubectl.RunAsync("create", "token", "default")).Succeeded().Trim();

            Assert.Equal(issuer, about.TextAt("issuer"));
            Assert.Equal(issuer + "/openid/v1/jwks", about.TextAt("jwks_uri"));
            JsonWebToken read = JsonWebToken.Read(token)!;
            Assert.Equal(issuer, JsonWebToken.Text(read.Claims, "iss"));
            using SignatureKey key = SignatureKey.FromJwk(System.Text.Json.JsonSerializer.SerializeToElement(keys["keys"]![0]))!;
            Assert.Equal(key.Id, read.KeyId);
            Assert.True(key.Verify(read.Algorithm, read.Signed, read.Signature));
            using var account = new Kubectl(server, cluster, token);
            Assert.Equal("system:serviceaccount:default:default", (await account.RunAsync("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")).Succeeded());
            Assert.Equal(issuer, JsonNode.Parse((await account.RunAsync("get", "--raw", cluster.PathPrefix + "/.well-known/openid-configuration")).Succeeded())!.AsObject().TextAt("issuer"));
        }
    }
}
