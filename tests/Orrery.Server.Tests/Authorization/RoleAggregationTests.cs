using System.Text.Json;
using Orrery.Api;
using Orrery.Server.Authorization;
using Orrery.Server.Cache;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Authorization;

public sealed class RoleAggregationTests
{
    private static readonly GroupResource ClusterRoles = new("rbac.authorization.k8s.io", "clusterroles");

    [Theory]
    [InlineData("admin")]
    [InlineData("edit")]
    [InlineData("view")]
    public async Task Aggregated_BootstrapRole_GathersWhatUpstreamWroteIntoIt(string name)
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        IReadOnlyList<PolicyRule> recorded = PolicyRule.ListFrom(world.Access.Objects.Find(ClusterName.Root, ClusterRoles, "", name)!.At("rules"));

        IReadOnlyList<PolicyRule> gathered = world.Access.Rbac.Aggregated(ClusterName.Root, name)!;

        Assert.Equal(recorded.Select(r => r.ToCompactString()), gathered.Select(r => r.ToCompactString()));
    }

    [Fact]
    public async Task Run_RoleAdded_IsWrittenIntoWhatGathersItInThatClusterOnly()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task running = world.Access.RoleAggregation.RunAsync(stop.Token);
        using CacheWatcher watcher = world.Caches.For(ClusterRoles).Watch(StoreKey.Prefix(ClusterRoles), world.Caches.Revision)!;

        await world.PutAsync(AccessWorld.Shop, "clusterroles",
            """{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"cron","labels":{"rbac.authorization.k8s.io/aggregate-to-edit":"true"}},"rules":[{"verbs":["get"],"apiGroups":["example.com"],"resources":["crontabs"]}]}""");

        // The new role itself, then edit, and admin, which gathers edit; view has no part in it.
        var seen = new HashSet<string>();
        while (seen.Count < 3)
        {
            Assert.Equal(CacheWait.Events, await watcher.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
            while (watcher.TryRead(out CacheEvent change))
            {
                Assert.Equal(AccessWorld.Shop, change.Object.Cluster);
                seen.Add(change.Object.Name);
            }
        }

        Assert.Equal(["admin", "cron", "edit"], seen.Order());
        KubeObject admin = world.Access.Objects.Find(AccessWorld.Shop, ClusterRoles, "", "admin")!;
        Assert.Contains(admin.At("rules")!.Value.EnumerateArray(), r => r.GetProperty("resources")[0].GetString() == "crontabs");
        Assert.Equal(world.Access.Objects.Find(AccessWorld.Other, ClusterRoles, "", "admin")!.Uid, admin.Uid);
        Assert.DoesNotContain("crontabs", JsonSerializer.Serialize(world.Access.Objects.Find(AccessWorld.Other, ClusterRoles, "", "admin")!.Json));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }
}
