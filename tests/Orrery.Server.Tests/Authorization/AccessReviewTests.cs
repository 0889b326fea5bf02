using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Authorization;

public sealed class AccessReviewTests
{
    private const string Asked = """ "resourceAttributes":{"namespace":"t","verb":"get","resource":"configmaps"} """;

    [Fact]
    public async Task Self_Allowed_SaysByWhichBinding()
    {
        await using AccessWorld world = await WorldAsync();

        JsonObject allowed = await world.Access.AccessReviews.SelfAsync(AccessWorld.In(AccessWorld.Shop, "jane"), AccessWorld.Shop, Review(Asked), TestContext.Current.CancellationToken);
        JsonObject refused = await world.Access.AccessReviews.SelfAsync(AccessWorld.In(AccessWorld.Shop, "bob"), AccessWorld.Shop, Review(Asked), TestContext.Current.CancellationToken);

        Assert.Equal("RBAC: allowed by ClusterRoleBinding \"r\" of ClusterRole \"r\" to User \"jane\"", allowed.TextAt("status", "reason"));
        Assert.Equal("""{"allowed":false}""", refused["status"]!.ToJsonString());
        Assert.NotNull(allowed["spec"]);
    }

    [Fact]
    public async Task Self_Path_IsDecided()
    {
        await using AccessWorld world = await WorldAsync();

        Assert.True((await world.Access.AccessReviews.SelfAsync(AccessWorld.In(AccessWorld.Shop, "jane"), AccessWorld.Shop, Review("\"nonResourceAttributes\":{\"verb\":\"get\",\"path\":\"/version\"}"), TestContext.Current.CancellationToken)).FlagAt("status", "allowed"));
        Assert.False((await world.Access.AccessReviews.SelfAsync(AccessWorld.In(AccessWorld.Shop, "jane"), AccessWorld.Shop, Review("\"nonResourceAttributes\":{\"verb\":\"get\",\"path\":\"/metrics\"}"), TestContext.Current.CancellationToken)).FlagAt("status", "allowed"));
    }

    [Fact]
    public async Task Subject_AnybodyAndGroups_AreDecidedInThisCluster()
    {
        await using AccessWorld world = await WorldAsync();

        Assert.True((await world.Access.AccessReviews.SubjectAsync(AccessWorld.Shop, Review($"\"user\":\"jane\",{Asked}"), TestContext.Current.CancellationToken)).FlagAt("status", "allowed"));
        Assert.False((await world.Access.AccessReviews.SubjectAsync(AccessWorld.Other, Review($"\"user\":\"jane\",{Asked}"), TestContext.Current.CancellationToken)).FlagAt("status", "allowed"));
        Assert.True((await world.Access.AccessReviews.SubjectAsync(AccessWorld.Other, Review($"\"groups\":[\"system:masters\"],{Asked}"), TestContext.Current.CancellationToken)).FlagAt("status", "allowed"));
    }

    [Theory]
    [InlineData(Asked, ".authorization.k8s.io \"\" is invalid: spec.user: Invalid value: \"\": at least one of user or group must be specified")]
    [InlineData("\"user\":\"jane\"", ".authorization.k8s.io \"\" is invalid: spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified")]
    public async Task Subject_Incomplete_Is422(string spec, string message)
    {
        await using AccessWorld world = await WorldAsync();

        StatusException refused = await Assert.ThrowsAsync<StatusException>(async () => await world.Access.AccessReviews.SubjectAsync(AccessWorld.Shop, Review(spec), TestContext.Current.CancellationToken));

        Assert.Equal((422, message), (refused.Code, refused.Message));
    }

    [Theory]
    [InlineData("""{"rawSelector":"a=b","requirements":[{"key":"a","operator":"In","values":["b"]}]}""", "rawSelector: Invalid value: \"a=b\": may not specified at the same time as requirements")]
    [InlineData("{}", "requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required")]
    [InlineData("""{"requirements":[{"key":"a","operator":"In"}]}""", "requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'")]
    [InlineData("""{"requirements":[{"key":"a","operator":"Exists","values":["b"]}]}""", "requirements[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
    [InlineData("""{"requirements":[{"operator":"Exists"}]}""", "requirements[0].key: Required value: must be specified")]
    [InlineData("""{"requirements":[{"key":"a","operator":"Like"}]}""", "requirements[0].operator: Invalid value: \"Like\": not a valid selector operator")]
    public async Task Subject_WithASelectorThatMakesNoSense_Is422(string selector, string fault)
    {
        await using AccessWorld world = await WorldAsync();

        StatusException refused = await Assert.ThrowsAsync<StatusException>(async () => await world.Access.AccessReviews.SubjectAsync(AccessWorld.Shop,
            Review($$"""  "user":"jane","resourceAttributes":{"namespace":"t","verb":"list","resource":"configmaps","fieldSelector":{{selector}}} """), TestContext.Current.CancellationToken));

        Assert.Equal((422, ".authorization.k8s.io \"\" is invalid: spec.resourceAttributes.fieldSelector." + fault), (refused.Code, refused.Message));
    }

    [Fact]
    public async Task Subject_WithSelectors_IsDecidedAsWithoutThem()
    {
        await using AccessWorld world = await WorldAsync();

        foreach ((string user, bool allowed) in new[] { ("jane", true), ("bob", false) })
        {
            Assert.Equal(allowed, (await world.Access.AccessReviews.SubjectAsync(AccessWorld.Shop,
                Review($$"""  "user":"{{user}}","resourceAttributes":{"namespace":"t","verb":"get","resource":"configmaps","labelSelector":{"requirements":[{"key":"a","operator":"In","values":["b"]}]},"fieldSelector":{"rawSelector":"metadata.name=x"} } """), TestContext.Current.CancellationToken)).FlagAt("status", "allowed"));
        }
    }

    [Fact]
    public async Task Local_OtherNamespace_Is400()
    {
        await using AccessWorld world = await WorldAsync();
        JsonObject review = Review($"\"user\":\"jane\",{Asked}");
        review["metadata"] = new JsonObject { ["namespace"] = "t" };

        Assert.True((await world.Access.AccessReviews.LocalAsync(AccessWorld.Shop, "t", review, TestContext.Current.CancellationToken)).FlagAt("status", "allowed"));
        Assert.Equal(400, (await Assert.ThrowsAsync<StatusException>(async () => await world.Access.AccessReviews.LocalAsync(AccessWorld.Shop, "u", review, TestContext.Current.CancellationToken))).Code);
    }

    [Theory]
    [InlineData("""{"namespace":"u"}""", "spec.resourceAttributes.namespace: Invalid value: \"t\": must match metadata.namespace")]
    [InlineData("""{"namespace":"t","name":"n"}""", "metadata: Invalid value: {\"namespace\":\"t\",\"name\":\"n\"}: must be empty except for namespace")]
    public async Task Local_OfAnotherNamespaceThanItsOwn_OrWithAName_Is422(string metadata, string why)
    {
        await using AccessWorld world = await WorldAsync();
        JsonObject review = Review($"\"user\":\"jane\",{Asked}");
        review["metadata"] = JsonNode.Parse(metadata);

        StatusException refused = await Assert.ThrowsAsync<StatusException>(async () => await world.Access.AccessReviews.LocalAsync(AccessWorld.Shop, review.Namespace, review, TestContext.Current.CancellationToken));

        Assert.Equal((422, $".authorization.k8s.io \"\" is invalid: {why}"), (refused.Code, refused.Message));
    }

    [Fact]
    public async Task Subject_WithAName_Is422()
    {
        await using AccessWorld world = await WorldAsync();
        JsonObject review = Review($"\"user\":\"jane\",{Asked}");
        review["metadata"] = new JsonObject { ["name"] = "n", ["managedFields"] = new JsonArray(new JsonObject()) };

        StatusException refused = await Assert.ThrowsAsync<StatusException>(async () => await world.Access.AccessReviews.SubjectAsync(AccessWorld.Shop, review, TestContext.Current.CancellationToken));

        Assert.Equal(422, refused.Code);
        Assert.EndsWith("must be empty", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SelfRules_Namespace_ListsWhatIsGranted()
    {
        await using AccessWorld world = await WorldAsync();

        JsonObject review = world.Access.AccessReviews.SelfRules(AccessWorld.In(AccessWorld.Shop, "jane"), AccessWorld.Shop, Review("\"namespace\":\"t\""));

        Assert.Contains("""{"verbs":["get"],"apiGroups":[""],"resources":["configmaps"]}""", review.NodeAt("status", "resourceRules")!.AsArray().Select(r => r!.ToJsonString()));
        Assert.Contains(review.NodeAt("status", "nonResourceRules")!.AsArray(), r => r!["nonResourceURLs"]!.AsArray().Any(u => (string)u! == "/version"));
        Assert.False(review.FlagAt("status", "incomplete"));
        Assert.Equal(400, Assert.Throws<StatusException>(() => world.Access.AccessReviews.SelfRules(AccessWorld.In(AccessWorld.Shop, "jane"), AccessWorld.Shop, Review(""))).Code);
    }

    [Fact]
    public async Task SelfSubject_ImpersonatedUser_IsDescribed()
    {
        await using AccessWorld world = await WorldAsync();
        UserInfo user = AccessWorld.User("jane", "readers") with { Extra = new Dictionary<string, IReadOnlyList<string>> { ["scopes"] = ["view"] } };

        Assert.Equal(
            """{"userInfo":{"username":"jane","groups":["readers","system:authenticated"],"extra":{"scopes":["view"]}}}""",
            world.Access.IdentityReviews.Self(user)["status"]!.ToJsonString());
    }

    private static async Task<AccessWorld> WorldAsync()
    {
        AccessWorld world = await AccessWorld.StartAsync();
        await world.GrantAsync(AccessWorld.Shop, "r", "jane", """[{"verbs":["get"],"apiGroups":[""],"resources":["configmaps"]}]""");
        return world;
    }

    private static JsonObject Review(string spec) => JsonNode.Parse($$"""{"spec":{ {{spec}} } }""")!.AsObject();
}
