using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Requests;
using Orrery.Server.Security;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Authentication;

public sealed class TokenTests
{
    private const string TokenFile = """
        # administrators
        root-secret,admin,1,"system:masters,ops"
        shop-secret,owner,2,"system:masters",acme/shop
        bare-secret,bare,3
        """;

    /// <summary>Upstream takes such a token for none, and says so.</summary>
    [Theory]
    [InlineData("Bearer  root-secret", true)]
    [InlineData("Bearer ", false)]
    [InlineData("Basic  cm9vdA==", false)]
    public async Task Authenticate_TokenAfterTwoSpaces_IsAnonymousWithAWarning(string header, bool warns)
    {
        await using AccessWorld world = await AccessWorld.StartAsync(TokenFile);
        var context = new DefaultHttpContext();
        context.Request.Headers.Authorization = header;

        UserInfo user = await world.Access.Authenticator.AuthenticateAsync(context, RequestInfoParser.Parse("GET", "/api"), TestContext.Current.CancellationToken);

        Assert.Equal("system:anonymous", user.Name);
        Assert.Equal(warns ? ["299 - \"the provided Authorization header contains extra space before the bearer token, and is ignored\""] : [], context.Response.Headers["Warning"].ToArray());
    }

    [Theory]
    [InlineData("Bearer root-secret", "/api", "admin")]
    [InlineData("bearer root-secret", "/api", "admin")]
    [InlineData("Bearer shop-secret", "/clusters/acme/shop/api", "owner")]
    [InlineData("Bearer bare-secret", "/api", "bare")]
    [InlineData("Basic cm9vdA==", "/api", "system:anonymous")]
    [InlineData("Bearer ", "/api", "system:anonymous")]
    [InlineData("Bearer root-secret", "/clusters/acme/shop/api", null)]
    [InlineData("Bearer shop-secret", "/api", null)]
    [InlineData("Bearer shop-secret", "/clusters/beta/shop/api", null)]
    [InlineData("Bearer shop-secret", "/clusters/*/api/v1/pods", null)]
    [InlineData("Bearer root-secre", "/api", null)]
    [InlineData("Bearer wrong", "/api", null)]
    public async Task Authenticate_StaticToken_HoldsInItsCluster(string header, string target, string? user)
    {
        await using AccessWorld world = await AccessWorld.StartAsync(TokenFile);

        if (user is null)
        {
            Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync(target, null, ("Authorization", header)))).Code);
        }
        else
        {
            Assert.Equal(user, (await world.IdentifyAsync(target, null, ("Authorization", header))).Name);
        }
    }

    [Theory]
    [InlineData("only-a-token")]
    [InlineData("t,u,1,g,*/*")]
    [InlineData("t,u,1,g,acme")]
    [InlineData(",u,1")]
    public void StaticTokens_Malformed_NameTheLineOnly(string line)
    {
        FormatException fault = Assert.Throws<FormatException>(() => StaticTokens.Parse("\n" + line));

        Assert.Contains("line 2", fault.Message);
        Assert.DoesNotContain("only-a-token", fault.Message);
    }

    [Fact]
    public async Task Authenticate_UserToken_HoldsUntilItExpires()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        string token = world.Tokens.IssueForUser("jane", ["dev"], AccessWorld.ScopeOf(AccessWorld.Shop), TimeSpan.FromHours(1));

        UserInfo user = await world.IdentifyAsync("/clusters/acme/shop/api", null, ("Authorization", "Bearer " + token));

        Assert.Equal("jane", user.Name);
        Assert.Equal(["dev", "system:authenticated"], user.Groups);
        Assert.Equal(401, await CodeAsync(world, "/clusters/beta/shop/api", token));
        Assert.Equal(401, await CodeAsync(world, "/api", token));
        Assert.Equal(401, await CodeAsync(world, "/clusters/*/api/v1/pods", token));
        world.Clock.Now += TimeSpan.FromMinutes(60);
        Assert.Equal(401, await CodeAsync(world, "/clusters/acme/shop/api", token));
    }

    [Fact]
    public async Task Authenticate_ClusterMadeAgainUnderItsName_Is401()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        string token = world.Tokens.IssueForUser("jane", [], AccessWorld.ScopeOf(AccessWorld.Shop), TimeSpan.FromHours(1));
        Assert.Equal("jane", (await world.IdentifyAsync("/clusters/acme/shop/api", null, ("Authorization", "Bearer " + token))).Name);

        await world.ServeAsync(AccessWorld.Shop, uid: "another");

        Assert.Equal(401, await CodeAsync(world, "/clusters/acme/shop/api", token));
        JsonObject review = await world.Access.IdentityReviews.TokenAsync(AccessWorld.Shop, new JsonObject { ["spec"] = new JsonObject { ["token"] = token } }, TestContext.Current.CancellationToken);
        Assert.Null(review["status"]!["authenticated"]);
        Assert.Throws<ArgumentException>(() => world.Tokens.IssueForUser("jane", [], new ClusterScope(AccessWorld.Shop), TimeSpan.FromHours(1)));
    }

    [Fact]
    public void IssueForUser_AllClusters_IsRefused()
    {
        using ServiceAccountKeys keys = ServiceAccountKeys.Load(ServiceAccountKeys.NewKeyPem());
        var tokens = new AccessTokens(keys, TimeProvider.System);

        Assert.Throws<ArgumentException>(() => tokens.IssueForUser("x", [], ClusterScope.All, TimeSpan.FromHours(1)));
    }

    [Fact]
    public async Task Authenticate_ForgedToken_Is401()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        string good = world.Tokens.IssueForUser("jane", [], ClusterScope.Root, TimeSpan.FromHours(1));
        string[] parts = good.Split('.');
        string claims = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1]));
        string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
        using ServiceAccountKeys foreign = ServiceAccountKeys.Load(ServiceAccountKeys.NewKeyPem());

        string[] forged =
        [
            $"{parts[0]}.{Encode(claims.Replace("jane", "root"))}.{parts[2]}",
            $"{Encode("{\"alg\":\"none\"}")}.{parts[1]}.",
            $"{Encode($"{{\"alg\":\"none\",\"kid\":\"{world.Keys.SigningKeyId}\"}}")}.{parts[1]}.{parts[2]}",
            $"{Encode($"{{\"alg\":\"HS256\",\"kid\":\"{world.Keys.SigningKeyId}\"}}")}.{parts[1]}.{parts[2]}",
            $"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(new byte[64])}",
            $"{parts[0]}.{parts[1]}.",
            $"{parts[0]}.{parts[1]}",
            $"{good}=",
            $"{good}.{parts[2]}",
            JsonWebToken.Sign(foreign, JsonNode.Parse(claims)!.AsObject()),
            new string('a', 20_000),
        ];

        Assert.Equal("jane", (await world.IdentifyAsync("/api", null, ("Authorization", "Bearer " + good))).Name);
        foreach (string token in forged)
        {
            Assert.Equal(401, await CodeAsync(world, "/api", token));
        }
    }

    [Theory]
    [InlineData("iss", "https://elsewhere")]
    [InlineData("aud", "vault")]
    [InlineData("orrery.dev/cluster", "*")]
    [InlineData("orrery.dev/cluster", "acme")]
    [InlineData("sub", "")]
    [InlineData("orrery.dev/cluster", null)]
    [InlineData("exp", null)]
    public async Task Authenticate_WrongClaim_Is401(string claim, string? value)
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        string good = world.Tokens.IssueForUser("jane", [], ClusterScope.Root, TimeSpan.FromHours(1));
        JsonObject claims = JsonNode.Parse(Base64Url.DecodeFromChars(good.Split('.')[1]))!.AsObject();
        Assert.Equal("jane", (await world.IdentifyAsync("/api", null, ("Authorization", "Bearer " + JsonWebToken.Sign(world.Keys, claims)))).Name);
        claims[claim] = value;

        Assert.Equal(401, await CodeAsync(world, "/api", JsonWebToken.Sign(world.Keys, claims)));
    }

    [Fact]
    public void Verify_AfterRotation_OldKeyVerifiesNewKeySigns()
    {
        string oldPem = ServiceAccountKeys.NewKeyPem(), newPem = ServiceAccountKeys.NewKeyPem();
        using ServiceAccountKeys before = ServiceAccountKeys.Load(oldPem), after = ServiceAccountKeys.Load(newPem, oldPem), dropped = ServiceAccountKeys.Load(newPem);
        string token = new AccessTokens(before, TimeProvider.System).IssueForUser("jane", [], ClusterScope.Root, TimeSpan.FromHours(1));

        Assert.NotEqual(before.SigningKeyId, after.SigningKeyId);
        Assert.NotNull(JsonWebToken.Verify(after, token));
        Assert.Null(JsonWebToken.Verify(dropped, token));
    }

    private static async Task<int> CodeAsync(AccessWorld world, string target, string token) =>
        (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync(target, null, ("Authorization", "Bearer " + token)))).Code;
}
