using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Authentication;

public sealed class ImpersonationTests
{
    private const string Tokens = "root,admin,1,\"system:masters\"\nlimited,eve,2,\nshop,owner,3,\"system:masters\",acme/shop";

    [Fact]
    public async Task Authenticate_ByMasters_BecomesTheOtherUser()
    {
        await using AccessWorld world = await AccessWorld.StartAsync(Tokens);

        UserInfo user = await world.IdentifyAsync("/api", null, ("Authorization", "Bearer root"), ("Impersonate-User", "jane"),
            ("Impersonate-Group", "dev"), ("Impersonate-Group", "ops"), ("Impersonate-Uid", "7"), ("Impersonate-Extra-Scopes", "view"), ("impersonate-extra-a%2fb", "x"));

        Assert.Equal(("jane", "7"), (user.Name, user.Uid));
        Assert.Equal(["dev", "ops", "system:authenticated"], user.Groups);
        Assert.Equal(["view"], user.Extra["scopes"]);
        Assert.Equal(["x"], user.Extra["a/b"]);
        Assert.Equal(ClusterScope.Root, user.Scope);
    }

    [Theory]
    [InlineData("system:serviceaccount:t:robot", "system:serviceaccounts,system:serviceaccounts:t,system:authenticated")]
    [InlineData("system:anonymous", "system:unauthenticated")]
    [InlineData("jane", "system:authenticated")]
    public async Task Authenticate_WithoutGroups_AddsTheImpliedOnes(string name, string groups)
    {
        await using AccessWorld world = await AccessWorld.StartAsync(Tokens);

        UserInfo user = await world.IdentifyAsync("/api", null, ("Authorization", "Bearer root"), ("Impersonate-User", name));

        Assert.Equal(groups.Split(','), user.Groups);
    }

    [Fact]
    public async Task Authenticate_ByComponentOfAllClusters_IsNarrowedToTheOneAddressed()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        using var certificate = world.Client("component", ClusterScope.All, UserGroups.Masters);

        UserInfo user = await world.IdentifyAsync("/clusters/acme/shop/api", certificate, ("Impersonate-User", "jane"));

        Assert.Equal(new ClusterScope(AccessWorld.Shop), user.Scope);
    }

    [Fact]
    public async Task Authenticate_OutOfScope_CannotImpersonateItsWayIn()
    {
        await using AccessWorld world = await AccessWorld.StartAsync(Tokens);

        foreach (string target in (string[])["/api", "/clusters/beta/shop/api", "/clusters/*/api/v1/pods"])
        {
            Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync(target, null, ("Authorization", "Bearer shop"), ("Impersonate-User", "admin"), ("Impersonate-Group", "system:masters")))).Code);
        }
    }

    [Theory]
    [InlineData("/api", "jane", "forbidden: User \"eve\" cannot impersonate-on:user-info:get path \"/api\"")]
    [InlineData("/api/v1/namespaces/t/pods/p", "jane", "pods \"p\" is forbidden: User \"eve\" cannot impersonate-on:user-info:get resource \"pods\" in API group \"\" in the namespace \"t\"")]
    [InlineData("/api/v1/namespaces/t/pods", "system:serviceaccount:t:robot", "pods is forbidden: User \"eve\" cannot impersonate-on:serviceaccount:list resource \"pods\" in API group \"\" in the namespace \"t\"")]
    [InlineData("/api/v1/namespaces/t/pods", "system:node:n1", "pods is forbidden: User \"eve\" cannot impersonate-on:arbitrary-node:list resource \"pods\" in API group \"\" in the namespace \"t\"")]
    public async Task Authenticate_NotAllowed_IsToldWhatTheFirstWayWouldHaveTaken(string target, string name, string message)
    {
        await using AccessWorld world = await AccessWorld.StartAsync(Tokens);

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync(target, null, ("Authorization", "Bearer limited"), ("Impersonate-User", name)));

        Assert.Equal((403, message), (refused.Code, refused.Message));
    }

    [Theory]
    [InlineData("Impersonate-Group", "system:masters")]
    [InlineData("Impersonate-Uid", "1")]
    [InlineData("Impersonate-Extra-scopes", "all")]
    public async Task Authenticate_MoreThanWasGranted_Is403(string header, string value)
    {
        await using AccessWorld world = await AccessWorld.StartAsync(Tokens);
        await world.GrantAsync(ClusterName.Root, "i", "eve", """[{"verbs":["impersonate"],"apiGroups":[""],"resources":["users"],"resourceNames":["jane"]}]""");

        Assert.Equal("jane", (await world.IdentifyAsync("/api", null, ("Authorization", "Bearer limited"), ("Impersonate-User", "jane"))).Name);
        Assert.Equal(403, (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync("/api", null, ("Authorization", "Bearer limited"), ("Impersonate-User", "jane"), (header, value)))).Code);
    }

    [Fact]
    public async Task Authenticate_GroupWithoutUser_Is400WithUpstreamsText()
    {
        await using AccessWorld world = await AccessWorld.StartAsync(Tokens);

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync("/api", null, ("Authorization", "Bearer root"), ("Impersonate-Group", "system:masters")));

        Assert.Equal("requested &user.DefaultInfo{Name:\"\", UID:\"\", Groups:[]string{\"system:masters\"}, Extra:map[string][]string(nil)} without impersonating a user name", refused.Message);
    }

    /// <summary>KEP-5284: for what, and as whom, are two rights.</summary>
    [Theory]
    [InlineData("/api/v1/configmaps", "jane", null)]
    [InlineData("/api/v1/configmaps?watch=1", "jane", "configmaps is forbidden: User \"eve\" cannot impersonate-on:user-info:watch resource \"configmaps\" in API group \"\" at the cluster scope")]
    [InlineData("/api/v1/configmaps", "joe", "users.authentication.k8s.io \"joe\" is forbidden: User \"eve\" cannot impersonate:user-info resource \"users\" in API group \"authentication.k8s.io\" at the cluster scope")]
    public async Task Authenticate_MayListAsOne_MayNothingElse(string target, string name, string? refusal)
    {
        await using AccessWorld world = await AccessWorld.StartAsync(Tokens);
        await world.GrantAsync(ClusterName.Root, "i", "eve", """
            [{"verbs":["impersonate:user-info"],"apiGroups":["authentication.k8s.io"],"resources":["users"],"resourceNames":["jane"]},
             {"verbs":["impersonate-on:user-info:list"],"apiGroups":[""],"resources":["configmaps"]}]
            """);

        Task<UserInfo> asked = world.IdentifyAsync(target, null, ("Authorization", "Bearer limited"), ("Impersonate-User", name));

        if (refusal is null)
        {
            Assert.Equal("jane", (await asked).Name);
        }
        else
        {
            StatusException refused = await Assert.ThrowsAsync<StatusException>(() => asked);
            Assert.Equal((403, refusal), (refused.Code, refused.Message));
        }
    }

    [Theory]
    [InlineData("Impersonate-Group", "system:masters", "groups.authentication.k8s.io \"system:masters\" is forbidden: User \"eve\" cannot impersonate:user-info resource \"groups\" in API group \"authentication.k8s.io\" at the cluster scope: impersonating the system:masters group is not allowed")]
    [InlineData("Impersonate-Extra-scopes", "all", "userextras.authentication.k8s.io is forbidden: User \"eve\" cannot impersonate:user-info resource \"userextras\" in API group \"authentication.k8s.io\" at the cluster scope: impersonating an invalid key in extra is not allowed: extra.key: Invalid value: \"scopes\": must be a domain-prefixed path (such as \"acme.io/foo\")")]
    public async Task Authenticate_ByConstrainedRightsToEverything_StillNotAsWhatTheyDoNotReach(string header, string value, string message)
    {
        await using AccessWorld world = await AccessWorld.StartAsync(Tokens);
        await world.GrantAsync(ClusterName.Root, "i", "eve", """
            [{"verbs":["impersonate:user-info"],"apiGroups":["authentication.k8s.io"],"resources":["*"]},{"verbs":["impersonate-on:user-info:list"],"apiGroups":["*"],"resources":["*"]}]
            """);

        Assert.Equal("jane", (await world.IdentifyAsync("/api/v1/pods", null, ("Authorization", "Bearer limited"), ("Impersonate-User", "jane"), ("Impersonate-Group", "dev"), ("Impersonate-Extra-acme.io%2fscopes", "all"))).Name);
        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync("/api/v1/pods", null, ("Authorization", "Bearer limited"), ("Impersonate-User", "jane"), (header, value)));
        Assert.Equal((403, message), (refused.Code, refused.Message));
    }

    [Fact]
    public async Task Authenticate_AsANode_HasTheGroupOfNodes()
    {
        await using AccessWorld world = await AccessWorld.StartAsync(Tokens);

        UserInfo alone = await world.IdentifyAsync("/api/v1/pods", null, ("Authorization", "Bearer root"), ("Impersonate-User", "system:node:n1"));
        UserInfo grouped = await world.IdentifyAsync("/api/v1/pods", null, ("Authorization", "Bearer root"), ("Impersonate-User", "system:node:n1"), ("Impersonate-Group", "dev"));

        Assert.Equal(["system:nodes", "system:authenticated"], alone.Groups);
        Assert.Equal(["dev", "system:authenticated"], grouped.Groups);
    }

    /// <summary>An agent's account, on whatever node a pod of it runs, as that node and no other.</summary>
    [Theory]
    [InlineData("system:node:n1", null)]
    [InlineData("system:node:n2", "pods is forbidden: User \"system:serviceaccount:t:agent\" cannot impersonate-on:arbitrary-node:list resource \"pods\" in API group \"\" at the cluster scope")]
    public async Task Authenticate_AgentOfANode_ActsAsThatNode(string name, string? refusal)
    {
        await using AccessWorld world = await AccessWorld.StartAsync(Tokens);
        await world.GrantAsync(ClusterName.Root, "i", "system:serviceaccount:t:agent", """
            [{"verbs":["impersonate:associated-node"],"apiGroups":["authentication.k8s.io"],"resources":["nodes"]},{"verbs":["impersonate-on:associated-node:list"],"apiGroups":[""],"resources":["pods"]}]
            """);
        (string, string)[] agent = [("Authorization", "Bearer root"), ("Impersonate-User", "system:serviceaccount:t:agent"), ("Impersonate-Extra-authentication.kubernetes.io%2fnode-name", "n1")];
        UserInfo by = await world.IdentifyAsync("/api/v1/pods", null, agent);

        ValueTask<UserInfo> asked = world.ImpersonateAsync(by, "/api/v1/pods", ("Impersonate-User", name));

        if (refusal is null)
        {
            Assert.Equal(["system:nodes", "system:authenticated"], (await asked).Groups);
        }
        else
        {
            Assert.Equal(refusal, (await Assert.ThrowsAsync<StatusException>(async () => await asked)).Message);
        }
    }

    /// <summary>Who was let through by the plain right is told what that lacks.</summary>
    [Fact]
    public async Task Authenticate_LetThroughBefore_IsToldWhatThatWayLacks()
    {
        await using AccessWorld world = await AccessWorld.StartAsync(Tokens);
        await world.GrantAsync(ClusterName.Root, "i", "eve", """[{"verbs":["impersonate"],"apiGroups":[""],"resources":["users"],"resourceNames":["jane"]}]""");
        await world.IdentifyAsync("/api", null, ("Authorization", "Bearer limited"), ("Impersonate-User", "jane"));

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync("/api", null, ("Authorization", "Bearer limited"), ("Impersonate-User", "joe")));

        Assert.Equal("users \"joe\" is forbidden: User \"eve\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope", refused.Message);
    }
}
