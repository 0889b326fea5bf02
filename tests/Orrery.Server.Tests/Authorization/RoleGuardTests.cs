using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Authorization;

public sealed class RoleGuardTests
{
    private static readonly GroupResource Roles = new("rbac.authorization.k8s.io", "roles");
    private static readonly GroupResource ClusterRoles = new("rbac.authorization.k8s.io", "clusterroles");
    private static readonly GroupResource RoleBindings = new("rbac.authorization.k8s.io", "rolebindings");

    [Fact]
    public async Task Check_RoleBeyondOwnRights_NamesWhatIsNotHeld()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        await world.GrantAsync(ClusterName.Root, "some", "eve", """[{"verbs":["get"],"apiGroups":[""],"resources":["secrets","pods/log"]},{"verbs":["get"],"nonResourceURLs":["/metrics*"]}]""");

        StatusException refused = Refused(world, "eve", Roles, "t", Role("""[{"verbs":["get","list","watch"],"apiGroups":[""],"resources":["secrets","pods/log"],"resourceNames":["a"]}]"""));

        Assert.Equal(403, refused.Code);
        Assert.Equal(
            "roles.rbac.authorization.k8s.io \"grab\" is forbidden: user \"eve\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"
            + "{APIGroups:[\"\"], Resources:[\"pods/log\"], ResourceNames:[\"a\"], Verbs:[\"list\" \"watch\"]}\n"
            + "{APIGroups:[\"\"], Resources:[\"secrets\"], ResourceNames:[\"a\"], Verbs:[\"list\" \"watch\"]}",
            refused.Message);
        world.Access.RoleGuard.Check(AccessWorld.User("eve"), ClusterName.Root, Roles, "t", Role("""[{"verbs":["get"],"apiGroups":[""],"resources":["secrets"]}]"""), null);
        world.Access.RoleGuard.Check(AccessWorld.User("eve"), ClusterName.Root, ClusterRoles, "", Role("""[{"verbs":["get"],"nonResourceURLs":["/metrics/x"]}]"""), null);
        Assert.Equal(403, Refused(world, "eve", ClusterRoles, "", Role("""[{"verbs":["get"],"nonResourceURLs":["/other"]}]""")).Code);
    }

    [Fact]
    public async Task Check_WithEscalate_IsAllowed()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        await world.GrantAsync(ClusterName.Root, "w", "eve", """[{"verbs":["*"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","rolebindings"]}]""");

        world.Access.RoleGuard.Check(AccessWorld.User("eve"), ClusterName.Root, Roles, "t", Role("""[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]"""), null);
    }

    [Fact]
    public async Task Check_BindingBeyondOwnRights_HasUpstreamsText()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        await world.GrantAsync(ClusterName.Root, "w", "eve", """[{"verbs":["*"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","rolebindings"]}]""");

        StatusException refused = Refused(world, "eve", RoleBindings, "t", Binding("cluster-admin"));

        Assert.Equal(
            "rolebindings.rbac.authorization.k8s.io \"grab\" is forbidden: user \"eve\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"
            + "{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}\n{NonResourceURLs:[\"*\"], Verbs:[\"*\"]}",
            refused.Message);
        Assert.Equal(404, Refused(world, "eve", RoleBindings, "t", Binding("nope")).Code);
    }

    [Fact]
    public async Task Check_WithBindOnThatRole_IsAllowed()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        await world.GrantAsync(ClusterName.Root, "b", "eve", """[{"verbs":["bind"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"resourceNames":["edit"]}]""");

        world.Access.RoleGuard.Check(AccessWorld.User("eve"), ClusterName.Root, RoleBindings, "t", Binding("edit"), null);
        Assert.Equal(403, Refused(world, "eve", RoleBindings, "t", Binding("admin")).Code);
    }

    [Fact]
    public async Task Check_AggregationRule_NeedsFullAuthority()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        JsonObject role = JsonNode.Parse("""{"metadata":{"name":"grab"},"aggregationRule":{"clusterRoleSelectors":[{}]}}""")!.AsObject();

        Assert.EndsWith("must have cluster-admin privileges to use the aggregationRule", Refused(world, "eve", ClusterRoles, "", role).Message);
    }

    [Fact]
    public async Task Check_CollectorsOwnChange_IsAllowed()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        JsonObject before = Role("""[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]"""), after = (JsonObject)before.DeepClone();
        after.Metadata["finalizers"] = new JsonArray("x/y");

        world.Access.RoleGuard.Check(AccessWorld.User("eve"), ClusterName.Root, Roles, "t", after, before);
        after.Metadata["labels"] = new JsonObject { ["a"] = "b" };
        Assert.Throws<StatusException>(() => world.Access.RoleGuard.Check(AccessWorld.User("eve"), ClusterName.Root, Roles, "t", after, before));
    }

    [Fact]
    public async Task Check_OtherResourceOrMasters_AreNotGuarded()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        JsonObject role = Role("""[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]""");

        world.Access.RoleGuard.Check(AccessWorld.User("eve"), ClusterName.Root, new GroupResource("", "configmaps"), "t", role, null);
        world.Access.RoleGuard.Check(AccessWorld.User("root", UserGroups.Masters), ClusterName.Root, Roles, "t", role, null);
    }

    private static StatusException Refused(AccessWorld world, string user, GroupResource resource, string ns, JsonObject proposed) =>
        Assert.Throws<StatusException>(() => world.Access.RoleGuard.Check(AccessWorld.User(user), ClusterName.Root, resource, ns, proposed, null));

    private static JsonObject Role(string rules) => JsonNode.Parse($$"""{"metadata":{"name":"grab"},"rules":{{rules}} }""")!.AsObject();

    private static JsonObject Binding(string role) =>
        JsonNode.Parse($$"""{"metadata":{"name":"grab"},"subjects":[{"kind":"User","name":"eve"}],"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{role}}"} }""")!.AsObject();
}
