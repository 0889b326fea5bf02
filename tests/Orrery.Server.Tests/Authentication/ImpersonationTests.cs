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
    [InlineData("Impersonate-User", "jane", "users \"jane\" is forbidden: User \"eve\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope")]
    [InlineData("Impersonate-User", "system:serviceaccount:t:robot", "serviceaccounts \"robot\" is forbidden: User \"eve\" cannot impersonate resource \"serviceaccounts\" in API group \"\" in the namespace \"t\"")]
    public async Task Authenticate_NotAllowed_Is403(string header, string value, string message)
    {
        await using AccessWorld world = await AccessWorld.StartAsync(Tokens);

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync("/api", null, ("Authorization", "Bearer limited"), (header, value)));

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
}
