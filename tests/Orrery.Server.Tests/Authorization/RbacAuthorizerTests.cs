using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Authorization;
using Orrery.Server.Cache;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Authorization;

public sealed class RbacAuthorizerTests
{
    private const string Reader = """[{"verbs":["get","list"],"apiGroups":[""],"resources":["configmaps"]},{"verbs":["get"],"apiGroups":[""],"resources":["secrets"],"resourceNames":["one"]}]""";

    [Fact]
    public async Task Authorize_RoleBinding_GrantsInItsNamespaceOnly()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        await world.PutAsync(ClusterName.Root, "roles", AccessWorld.Rbac("Role", "reader", "t", $"\"rules\":{Reader}"));
        await world.PutAsync(ClusterName.Root, "rolebindings", AccessWorld.Rbac("RoleBinding", "reader", "t",
            """ "subjects":[{"kind":"User","name":"jane"},{"kind":"Group","name":"readers"},{"kind":"ServiceAccount","name":"robot"}],"roleRef":{"kind":"Role","name":"reader"} """));
        UserInfo jane = AccessWorld.User("jane");

        Assert.Equal(new AuthorizationDecision(true, "RBAC: allowed by RoleBinding \"reader/t\" of Role \"reader\" to User \"jane\""), world.May(jane, "get", "configmaps", "t"));
        Assert.Equal("RBAC: allowed by RoleBinding \"reader/t\" of Role \"reader\" to Group \"readers\"", world.May(AccessWorld.User("bob", "readers"), "get", "configmaps", "t").Reason);
        Assert.Equal("RBAC: allowed by RoleBinding \"reader/t\" of Role \"reader\" to ServiceAccount \"robot/t\"", world.May(AccessWorld.User("system:serviceaccount:t:robot"), "list", "configmaps", "t").Reason);
        Assert.Equal(new AuthorizationDecision(false, ""), world.May(jane, "get", "configmaps", "other"));
        Assert.False(world.May(jane, "list", "configmaps").Allowed);
        Assert.False(world.May(jane, "delete", "configmaps", "t").Allowed);
        Assert.False(world.May(jane, "get", "configmaps", "t", group: "apps").Allowed);
        Assert.True(world.May(jane, "get", "secrets", "t", "one").Allowed);
        Assert.False(world.May(jane, "get", "secrets", "t", "two").Allowed);
        Assert.False(world.May(jane, "get", "secrets", "t").Allowed);
        Assert.False(world.May(AccessWorld.User("reader"), "get", "configmaps", "t").Allowed);
    }

    [Fact]
    public async Task Authorize_SameNamesInTwoClusters_DoNotMeet()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        await world.GrantAsync(AccessWorld.Shop, "all", "jane", """[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]""");

        Assert.True(world.May(AccessWorld.In(AccessWorld.Shop, "jane"), "delete", "pods", "x").Allowed);
        Assert.False(world.May(AccessWorld.In(AccessWorld.Other, "jane"), "get", "pods", "x").Allowed);
        Assert.False(world.May(AccessWorld.User("jane"), "get", "pods", "x").Allowed);
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "acme/shop", false)]
    [InlineData("acme/shop", "acme/shop", true)]
    [InlineData("acme/shop", "beta/shop", false)]
    [InlineData("acme/shop", "", false)]
    [InlineData("acme/shop", "*/*", false)]
    [InlineData("", "*/*", false)]
    [InlineData("*/*", "beta/shop", true)]
    [InlineData("*/*", "*/*", true)]
    public async Task Authorize_Masters_AreFreeInsideTheirScopeOnly(string scope, string target, bool allowed)
    {
        await using AccessWorld world = await AccessWorld.StartAsync();

        Assert.Equal(allowed, world.May(AccessWorld.In(ClusterName.Parse(scope), "admin", UserGroups.Masters), "delete", "nodes", cluster: ClusterName.Parse(target)).Allowed);
    }

    [Fact]
    public async Task Authorize_AllClusters_NeedsMasters()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        await world.GrantAsync(ClusterName.Root, "all", "component", """[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]""");

        Assert.False(world.May(AccessWorld.In(ClusterName.All, "component"), "list", "pods", cluster: ClusterName.All).Allowed);
    }

    [Fact]
    public async Task Authorize_AfterChange_SeesItAtOnce()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        UserInfo jane = AccessWorld.In(AccessWorld.Shop, "jane");
        Assert.False(world.May(jane, "list", "pods").Allowed);

        await world.GrantAsync(AccessWorld.Shop, "pods", "jane", """[{"verbs":["list"],"apiGroups":[""],"resources":["pods"]}]""");
        Assert.True(world.May(jane, "list", "pods").Allowed);

        await world.GrantAsync(AccessWorld.Other, "pods", "bob", """[{"verbs":["list"],"apiGroups":[""],"resources":["pods"]}]""");
        Assert.True(world.May(jane, "list", "pods").Allowed);

        await world.WriteAsync(StoreKey.Of(new GroupResource("rbac.authorization.k8s.io", "clusterrolebindings"), AccessWorld.Shop, "", "pods"), null);
        Assert.False(world.May(jane, "list", "pods").Allowed);
    }

    [Fact]
    public async Task Authorize_BindingWithoutRole_SaysWhatIsMissing()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        await world.PutAsync(ClusterName.Root, "clusterrolebindings", AccessWorld.Rbac("ClusterRoleBinding", "b", "",
            """ "subjects":[{"kind":"User","name":"jane"}],"roleRef":{"kind":"ClusterRole","name":"nope"} """));

        Assert.Equal(new AuthorizationDecision(false, "RBAC: clusterrole.rbac.authorization.k8s.io \"nope\" not found"), world.May(AccessWorld.User("jane"), "list", "pods"));
    }

    [Theory]
    [InlineData("pods/log", "pods", "log", true)]
    [InlineData("pods/log", "pods", "", false)]
    [InlineData("pods", "pods", "log", false)]
    [InlineData("*/scale", "deployments", "scale", true)]
    [InlineData("*/scale", "deployments", "status", false)]
    [InlineData("*/scale", "deployments", "", false)]
    [InlineData("*", "deployments", "scale", true)]
    public void Allows_Subresource_FollowsUpstream(string resource, string asked, string subresource, bool allowed)
    {
        var rule = new PolicyRule { Verbs = ["get"], ApiGroups = ["*"], Resources = [resource] };

        Assert.Equal(allowed, rule.Allows(new AuthorizationAttributes
        {
            User = AccessWorld.User("x"), Cluster = ClusterName.Root, Verb = "get", Group = "apps", Resource = asked, Subresource = subresource,
        }));
    }

    [Theory]
    [InlineData("*", "/metrics", true)]
    [InlineData("/healthz", "/healthz", true)]
    [InlineData("/healthz", "/healthz/etcd", false)]
    [InlineData("/healthz/*", "/healthz/etcd", true)]
    [InlineData("/healthz/*", "/healthz", false)]
    [InlineData("/health*", "/healthz", true)]
    public void AllowsPath_Pattern_FollowsUpstream(string url, string path, bool allowed) =>
        Assert.Equal(allowed, new PolicyRule { Verbs = ["get"], NonResourceUrls = [url] }.AllowsPath(path));

    [Fact]
    public async Task Authorize_BootstrapRoles_HoldInEveryCluster()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        foreach (ClusterName cluster in (ClusterName[])[ClusterName.Root, AccessWorld.Shop, AccessWorld.Other])
        {
            UserInfo jane = AccessWorld.In(cluster, "jane");
            AuthorizationDecision discovery = world.Access.Authorizer.Authorize(new AuthorizationAttributes { User = jane, Cluster = cluster, IsResourceRequest = false, Verb = "get", Path = "/apis/apps/v1" });
            Assert.Equal("RBAC: allowed by ClusterRoleBinding \"system:discovery\" of ClusterRole \"system:discovery\" to Group \"system:authenticated\"", discovery.Reason);
            Assert.True(world.May(jane, "create", "selfsubjectaccessreviews", group: "authorization.k8s.io").Allowed);
            Assert.False(world.May(jane, "list", "pods", "default").Allowed);
        }
    }

    [Fact]
    public async Task Authorize_AggregatedRole_GathersWhatTheClusterAdds()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        await world.PutAsync(AccessWorld.Shop, "rolebindings", AccessWorld.Rbac("RoleBinding", "b", "t",
            """ "subjects":[{"kind":"User","name":"jane"}],"roleRef":{"kind":"ClusterRole","name":"admin"} """));
        UserInfo jane = AccessWorld.In(AccessWorld.Shop, "jane");
        Assert.True(world.May(jane, "delete", "pods", "t").Allowed);
        Assert.False(world.May(jane, "get", "crontabs", "t", group: "example.com").Allowed);

        await world.PutAsync(AccessWorld.Shop, "clusterroles",
            """{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"cron","labels":{"rbac.authorization.k8s.io/aggregate-to-view":"true"}},"rules":[{"verbs":["get"],"apiGroups":["example.com"],"resources":["crontabs"]}]}""");

        // admin gathers edit, which gathers view, which gathers the new role.
        Assert.True(world.May(jane, "get", "crontabs", "t", group: "example.com").Allowed);
        Assert.True(world.May(jane, "delete", "pods", "t").Allowed);
    }

    [Fact]
    public async Task Authorize_RolesThatGatherEachOther_End()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        foreach ((string name, string other) in new[] { ("a", "b"), ("b", "a") })
        {
            await world.PutAsync(ClusterName.Root, "clusterroles", $$"""
                {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"{{name}}","labels":{"is":"{{name}}"} },
                 "aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"is":"{{other}}"} },{"matchLabels":{"leaf":"yes"} }]} }
                """);
        }

        await world.PutAsync(ClusterName.Root, "clusterroles",
            """{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"leaf","labels":{"leaf":"yes"}},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}""");

        PolicyRule rule = Assert.Single(world.Access.Rbac.Aggregated(ClusterName.Root, "a")!);
        Assert.Equal(["pods"], rule.Resources);
        Assert.Null(world.Access.Rbac.Aggregated(ClusterName.Root, "leaf"));
    }

    /// <summary>Whoever administers a virtual cluster may write such roles, and all clusters are looked after by the same server.</summary>
    [Fact]
    public async Task Authorize_ManyRolesThatAllGatherEachOther_AreGatheredOnceEach()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        for (int i = 0; i < 24; i++)
        {
            await world.PutAsync(AccessWorld.Shop, "clusterroles", $$"""
                {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"ring-{{i}}","labels":{"ring":"yes"} },
                 "aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"ring":"yes"} }]} }
                """);
        }

        await world.PutAsync(AccessWorld.Shop, "clusterroles",
            """{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"leaf","labels":{"ring":"yes"}},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}""");

        Task<IReadOnlyList<PolicyRule>?> gathered = Task.Run(() => world.Access.Rbac.Aggregated(AccessWorld.Shop, "ring-7"), TestContext.Current.CancellationToken);
        PolicyRule rule = Assert.Single((await gathered.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken))!);
        Assert.Equal(["pods"], rule.Resources);
    }

    [Fact]
    public async Task Authorize_ClusterThatIsGone_KnowsNobody()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        await world.GrantAsync(AccessWorld.Shop, "pods", "jane", """[{"verbs":["list"],"apiGroups":[""],"resources":["pods"]}]""");
        Assert.True(world.May(AccessWorld.In(AccessWorld.Shop, "jane"), "list", "pods").Allowed);

        await world.ServeAsync(AccessWorld.Shop, deleting: true);

        Assert.False(world.May(AccessWorld.In(AccessWorld.Shop, "jane"), "list", "pods").Allowed);
    }

    [Theory]
    [InlineData("pods", "", "t", "", "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"t\"")]
    [InlineData("pods", "log", "t", "p", "pods \"p\" is forbidden: User \"jane\" cannot list resource \"pods/log\" in API group \"\" in the namespace \"t\"")]
    [InlineData("nodes", "", "", "x", "nodes \"x\" is forbidden: User \"jane\" cannot list resource \"nodes\" in API group \"\" at the cluster scope")]
    public async Task Require_NotAllowed_HasUpstreamsText(string resource, string subresource, string ns, string name, string message)
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        var attributes = new AuthorizationAttributes
        {
            User = AccessWorld.User("jane"), Cluster = ClusterName.Root, Verb = "list", Resource = resource, Subresource = subresource, Namespace = ns, Name = name,
        };

        StatusException refused = Assert.Throws<StatusException>(() => world.Access.Authorizer.Require(attributes));

        Assert.Equal((403, message), (refused.Code, refused.Message));
    }

    [Fact]
    public async Task Require_PathNotAllowed_HasUpstreamsText()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        var attributes = new AuthorizationAttributes { User = AccessWorld.User("jane"), Cluster = ClusterName.Root, IsResourceRequest = false, Verb = "get", Path = "/metrics" };

        Assert.Equal("forbidden: User \"jane\" cannot get path \"/metrics\"", Assert.Throws<StatusException>(() => world.Access.Authorizer.Require(attributes)).Message);
    }
}
