using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Authentication;

public sealed class TokenRequestTests
{
    private static readonly GroupResource Accounts = new("", "serviceaccounts");
    private static readonly GroupResource Pods = new("", "pods");

    [Fact]
    public async Task Create_ForAccount_IsAcceptedInItsClusterOnly()
    {
        await using AccessWorld world = await WorldAsync();

        JsonObject made = world.Access.TokenRequests!.Create(AccessWorld.Shop, "web", "robot", Body("""{"spec":{"expirationSeconds":3600}}"""));

        string token = made.TextAt("status", "token")!;
        UserInfo user = await world.IdentifyAsync("/clusters/acme/shop/api", null, ("Authorization", "Bearer " + token));
        Assert.Equal("system:serviceaccount:web:robot", user.Name);
        Assert.Equal("uid-1", user.Uid);
        Assert.Equal(["system:serviceaccounts", "system:serviceaccounts:web", "system:authenticated"], user.Groups);
        Assert.Equal("2026-06-01T01:00:00Z", made.TextAt("status", "expirationTimestamp"));
        Assert.Equal("uid-1", made.Uid);
        Assert.Equal(401, await CodeAsync(world, "/api", token));
        Assert.Equal(401, await CodeAsync(world, "/clusters/beta/shop/api", token));
    }

    [Fact]
    public async Task Authenticate_AccountMadeAnew_Is401()
    {
        await using AccessWorld world = await WorldAsync();
        string token = Token(world, "{}");
        await world.PutAsync(AccessWorld.Shop, Accounts, """{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"robot","namespace":"web","uid":"uid-2"}}""");

        Assert.Equal(401, await CodeAsync(world, "/clusters/acme/shop/api", token));
    }

    [Fact]
    public async Task Authenticate_BoundPodGone_Is401()
    {
        await using AccessWorld world = await WorldAsync();
        string token = Token(world, """{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p","uid":"pod-1"}}}""");
        UserInfo user = await world.IdentifyAsync("/clusters/acme/shop/api", null, ("Authorization", "Bearer " + token));
        Assert.Equal(["p"], user.Extra["authentication.kubernetes.io/pod-name"]);

        await world.WriteAsync(StoreKey.Of(Pods, AccessWorld.Shop, "web", "p"), null);

        Assert.Equal(401, await CodeAsync(world, "/clusters/acme/shop/api", token));
    }

    [Theory]
    [InlineData("""{"spec":{"expirationSeconds":5}}""", 422)]
    [InlineData("""{"spec":{"expirationSeconds":4294967297}}""", 422)]
    [InlineData("""{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"none"}}}""", 404)]
    [InlineData("""{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p","uid":"other"}}}""", 409)]
    [InlineData("""{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"q"}}}""", 400)]
    [InlineData("""{"spec":{"boundObjectRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"p"}}}""", 400)]
    public async Task Create_NotAllowed_IsRefused(string body, int code)
    {
        await using AccessWorld world = await WorldAsync();

        Assert.Equal(code, Assert.Throws<StatusException>(() => world.Access.TokenRequests!.Create(AccessWorld.Shop, "web", "robot", Body(body))).Code);
    }

    [Fact]
    public async Task Create_OtherAudience_IsNoCredentialHereButReviewable()
    {
        await using AccessWorld world = await WorldAsync();
        string token = Token(world, """{"spec":{"audiences":["vault"]}}""");

        Assert.Equal(401, await CodeAsync(world, "/clusters/acme/shop/api", token));
        JsonObject review = await world.Access.IdentityReviews.TokenAsync(AccessWorld.Shop, Body($$"""{"spec":{"token":"{{token}}","audiences":["vault","x"]} }"""), TestContext.Current.CancellationToken);
        Assert.True(review.FlagAt("status", "authenticated"));
        Assert.Equal("""["vault"]""", review.NodeAt("status", "audiences")!.ToJsonString());
    }

    [Fact]
    public async Task TokenReview_FromAnotherCluster_IsUnknown()
    {
        await using AccessWorld world = await WorldAsync();
        string token = Token(world, "{}");

        JsonObject here = await world.Access.IdentityReviews.TokenAsync(AccessWorld.Shop, Body($$"""{"spec":{"token":"{{token}}"} }"""), TestContext.Current.CancellationToken);
        JsonObject there = await world.Access.IdentityReviews.TokenAsync(AccessWorld.Other, Body($$"""{"spec":{"token":"{{token}}"} }"""), TestContext.Current.CancellationToken);

        Assert.Equal("system:serviceaccount:web:robot", here.TextAt("status", "user", "username"));
        Assert.Equal("""{"user":{},"error":"invalid bearer token"}""", there["status"]!.ToJsonString());
    }

    private static async Task<AccessWorld> WorldAsync()
    {
        AccessWorld world = await AccessWorld.StartAsync();
        await world.PutAsync(AccessWorld.Shop, Accounts, """{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"robot","namespace":"web","uid":"uid-1"}}""");
        await world.PutAsync(AccessWorld.Shop, Pods, """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"web","uid":"pod-1"},"spec":{"serviceAccountName":"robot"}}""");
        await world.PutAsync(AccessWorld.Shop, Pods, """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"q","namespace":"web","uid":"pod-2"},"spec":{"serviceAccountName":"default"}}""");
        return world;
    }

    private static string Token(AccessWorld world, string body) =>
        world.Access.TokenRequests!.Create(AccessWorld.Shop, "web", "robot", Body(body)).TextAt("status", "token")!;

    private static JsonObject Body(string json) => JsonNode.Parse(json)!.AsObject();

    private static async Task<int> CodeAsync(AccessWorld world, string target, string token) =>
        (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync(target, null, ("Authorization", "Bearer " + token)))).Code;
}
