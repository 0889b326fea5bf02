using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Clusters;
using Orrery.Server.Tests.Security;
using Orrery.Storage;

namespace Orrery.Server.Tests.Clusters;

public sealed class LogicalClustersTests
{
    [Fact]
    public async Task State_FollowsTheLogicalCluster()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        var fresh = new ClusterName("new", "one");
        Assert.Equal(ClusterState.Absent, world.Access.Clusters.State(fresh));

        await world.ServeAsync(fresh);
        Assert.Equal(ClusterState.Served, world.Access.Clusters.State(fresh));
        Assert.Equal([AccessWorld.Shop, AccessWorld.Other, fresh], world.Access.Clusters.Virtual);

        await world.ServeAsync(fresh, deleting: true);
        Assert.Equal(ClusterState.Terminating, world.Access.Clusters.State(fresh));
        Assert.Equal([AccessWorld.Shop, AccessWorld.Other], world.Access.Clusters.Virtual);
        Assert.Equal(ClusterState.Served, world.Access.Clusters.State(ClusterName.Root));
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData("7", 7)]
    [InlineData("0", 1)]
    [InlineData("5000", 100)]
    [InlineData("much", 1)]
    public async Task WeightOf_FollowsTheLogicalCluster(string? said, int wanted)
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        Assert.Equal(1, world.Access.Clusters.WeightOf(AccessWorld.Shop));

        await world.ServeAsync(AccessWorld.Shop, weight: said);

        Assert.Equal(wanted, world.Access.Clusters.WeightOf(AccessWorld.Shop));
        Assert.Equal(1, world.Access.Clusters.WeightOf(AccessWorld.Other));
        Assert.Equal(1, world.Access.Clusters.WeightOf(new ClusterName("new", "one")));
    }

    [Fact]
    public async Task Require_NotServed_Is404ButTellsAnonymousNothing()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        var absent = new ClusterName("new", "one");

        StatusException refused = Assert.Throws<StatusException>(() => world.Access.Clusters.Require(absent, AccessWorld.In(absent, "x", UserGroups.Masters)));
        Assert.Equal("virtualclusters.orrery.dev \"new/one\" not found", refused.Message);
        world.Access.Clusters.Require(AccessWorld.Shop, AccessWorld.In(AccessWorld.Shop, "x"));
        world.Access.Clusters.Require(absent, await world.IdentifyAsync("/clusters/new/one/version"));
    }

    [Fact]
    public async Task Fence_ClusterDeletedMeanwhile_FailsTheCommit()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        IReadOnlyList<Condition> fence = world.Access.Clusters.Fence(AccessWorld.Shop)!;
        Assert.Empty(world.Access.Clusters.Fence(ClusterName.Root)!);
        var write = new Transaction(fence, [new Write("/core/configmaps/acme:shop/default/late", "{}"u8.ToArray())]);

        await world.ServeAsync(AccessWorld.Shop, deleting: true);

        Assert.False((await world.Caches.CommitAsync(write, TestContext.Current.CancellationToken)).Succeeded);
        Assert.Null(world.Access.Clusters.Fence(AccessWorld.Shop));
    }
}
