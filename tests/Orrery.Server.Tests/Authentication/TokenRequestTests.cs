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

    [Fact]
    public async Task Authenticate_BoundToAPodThatRuns_SaysWhere()
    {
        await using AccessWorld world = await WorldAsync();
        await world.PutAsync(AccessWorld.Shop, Pods, """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"r","namespace":"web","uid":"pod-3"},"spec":{"serviceAccountName":"robot","nodeName":"n1"}}""");
        await world.PutAsync(AccessWorld.Shop, Pods, """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"s","namespace":"web","uid":"pod-4"},"spec":{"serviceAccountName":"robot","nodeName":"n2"}}""");
        await world.PutAsync(AccessWorld.Shop, new GroupResource("", "nodes"), """{"apiVersion":"v1","kind":"Node","metadata":{"name":"n1","uid":"node-1"}}""");

        UserInfo known = await IdentifyAsync(world, Token(world, """{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"r"}}}"""));
        UserInfo unknown = await IdentifyAsync(world, Token(world, """{"spec":{"boundObjectRef":{"kind":"Pod","name":"s"}}}"""));

        Assert.Equal(["n1"], known.Extra["authentication.kubernetes.io/node-name"]);
        Assert.Equal(["node-1"], known.Extra["authentication.kubernetes.io/node-uid"]);
        Assert.Equal(["n2"], unknown.Extra["authentication.kubernetes.io/node-name"]);
        Assert.False(unknown.Extra.ContainsKey("authentication.kubernetes.io/node-uid"));
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"other"}}""", 422, "TokenRequest.authentication.k8s.io \"robot\" is invalid: metadata.name: Invalid value: \"other\": must match the service account name if specified")]
    [InlineData("""{"metadata":{"namespace":"other"}}""", 400, "the namespace of the provided object does not match the namespace sent on the request")]
    [InlineData("""{"metadata":{"uid":"x"}}""", 409, "Operation cannot be fulfilled on TokenRequest.authentication.k8s.io \"robot\": the UID in the token request (x) does not match the UID of the service account (uid-1)")]
    [InlineData("""{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p","uid":"other"}}}""", 409, "Operation cannot be fulfilled on Pod \"p\": the UID in the bound object reference (other) does not match the UID in record. The object might have been deleted and then recreated")]
    [InlineData("""{"spec":{"boundObjectRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"p"}}}""", 400, "cannot bind token to object of type apps/v1, Kind=Deployment")]
    public async Task Create_OfSomethingElse_IsRefusedWithUpstreamsText(string body, int code, string message)
    {
        await using AccessWorld world = await WorldAsync();

        StatusException refused = Assert.Throws<StatusException>(() => world.Access.TokenRequests!.Create(AccessWorld.Shop, "web", "robot", Body(body)));

        Assert.Equal((code, message), (refused.Code, refused.Message));
    }

    [Fact]
    public async Task Create_WithItsOwnMetadata_KeepsIt()
    {
        await using AccessWorld world = await WorldAsync();

        JsonObject made = world.Access.TokenRequests!.Create(AccessWorld.Shop, "web", "robot", Body("""{"metadata":{"name":"robot","namespace":"web","uid":"uid-1","labels":{"a":"b"}}}"""));

        Assert.Equal("b", made.TextAt("metadata", "labels", "a"));
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

    private static Task<UserInfo> IdentifyAsync(AccessWorld world, string token) => world.IdentifyAsync("/clusters/acme/shop/api", null, ("Authorization", "Bearer " + token));

    private static async Task<int> CodeAsync(AccessWorld world, string target, string token) =>
        (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync(target, null, ("Authorization", "Bearer " + token)))).Code;
}
