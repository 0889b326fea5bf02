using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Clusters;

public sealed class LayeredSnapshotTests
{
    private static readonly GroupResource ClusterRoles = new("rbac.authorization.k8s.io", "clusterroles");
    private static readonly GroupResource Roles = new("rbac.authorization.k8s.io", "roles");

    [Fact]
    public async Task Get_BaseObject_IsInEveryClusterWithOneUid()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();

        KubeObject root = Get(world, ClusterName.Root, "view")!, shop = Get(world, AccessWorld.Shop, "view")!;

        Assert.Equal("ClusterRole", root.Kind);
        Assert.Equal("2026-01-02T03:04:05Z", root.TextAt("metadata", "creationTimestamp"));
        Assert.Equal("1", root.ResourceVersion);
        Assert.Equal(root.Uid, shop.Uid);
        Assert.NotEqual(root.Uid, Get(world, ClusterName.Root, "edit")!.Uid);
        Assert.Equal(0, world.Caches.For(ClusterRoles).Current.Count(StoreKey.Prefix(ClusterRoles)));
        Assert.Null(Get(world, ClusterName.Root, "nope"));
    }

    [Fact]
    public async Task Range_StoredOverridesAndTombstones_MergeInKeyOrder()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        string prefix = StoreKey.Prefix(ClusterRoles, AccessWorld.Shop);
        string[] before = [.. View(world).Range(prefix).Select(o => o.Name)];
        foreach (string name in (string[])["aaa", "view", "zzz", "f"])
        {
            await world.PutAsync(AccessWorld.Shop, "clusterroles", AccessWorld.Rbac("ClusterRole", name, "", "\"rules\":[]"));
        }

        string edit = StoreKey.Of(ClusterRoles, AccessWorld.Shop, "", "edit");
        await world.WriteAsync(edit, View(world).DeletionValue(edit));

        CachedObject[] after = [.. View(world).Range(prefix)];
        string[] expected = [.. before.Where(n => n != "edit").Concat(["aaa", "zzz", "f"]).Order(StringComparer.Ordinal)];
        Assert.Equal(expected, after.Select(o => o.Name));
        Assert.Equal(expected.Length, View(world).Count(prefix));
        Assert.True(after.Single(o => o.Name == "view").Revision > 1);
        Assert.Equal(["view", "zzz"], View(world).Range(prefix, StoreKey.Of(ClusterRoles, AccessWorld.Shop, "", "system:volume-scheduler")).Select(o => o.Name));
        Assert.Null(View(world).Get(edit));
        Assert.Contains("edit", View(world).Range(StoreKey.Prefix(ClusterRoles, AccessWorld.Other)).Select(o => o.Name));
        Assert.Equal(["aaa", "f", "view", "zzz"], View(world).Range(StoreKey.Prefix(ClusterRoles)).Select(o => o.Name));
    }

    [Fact]
    public async Task Range_Namespace_ShowsItsBaseRolesOnly()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        var view = new LayeredSnapshot(world.Access.BaseLayer, Roles, world.Caches.For(Roles).Current);

        Assert.Equal(["system:controller:bootstrap-signer"], view.Range(StoreKey.Prefix(Roles, AccessWorld.Shop, "kube-public")).Select(o => o.Name));
        Assert.Equal(6, view.Count(StoreKey.Prefix(Roles, AccessWorld.Shop, "kube-system")));
        Assert.Empty(view.Range(StoreKey.Prefix(Roles, AccessWorld.Shop, "default")));
    }

    [Fact]
    public async Task Translate_WritesOverBase_LookToWatchersLikeAnyOther()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        string view = StoreKey.Of(ClusterRoles, AccessWorld.Shop, "", "view"), own = StoreKey.Of(ClusterRoles, AccessWorld.Shop, "", "own");
        long start = world.Caches.Revision;
        string text = AccessWorld.Rbac("ClusterRole", "view", "", "\"rules\":[]");

        await world.PutAsync(AccessWorld.Shop, "clusterroles", text);
        await world.WriteAsync(view, View(world).DeletionValue(view));
        await world.PutAsync(AccessWorld.Shop, "clusterroles", text);
        await world.WriteAsync(view, View(world).DeletionValue(view));
        await world.WriteAsync(view, null);
        await world.PutAsync(AccessWorld.Shop, "clusterroles", AccessWorld.Rbac("ClusterRole", "own", "", "\"rules\":[]"));
        Assert.Null(View(world).DeletionValue(own));
        await world.WriteAsync(own, View(world).DeletionValue(own));

        var seen = new List<(CacheEventType, string, bool)>();
        using CacheWatcher watcher = world.Caches.For(ClusterRoles).Watch(StoreKey.Prefix(ClusterRoles, AccessWorld.Shop), start)!;
        while (watcher.TryRead(out CacheEvent change))
        {
            if (LayeredSnapshot.Translate(world.Access.BaseLayer, ClusterRoles, change) is { } shown)
            {
                seen.Add((shown.Type, shown.Object.Name, BaseLayer.IsTombstone(shown.Object.Json.Span)));
                Assert.Equal(change.Revision, shown.Revision);
            }
        }

        Assert.Equal(
            [
                (CacheEventType.Modified, "view", false), (CacheEventType.Deleted, "view", false),
                (CacheEventType.Added, "view", false), (CacheEventType.Deleted, "view", false),
                (CacheEventType.Added, "own", false), (CacheEventType.Deleted, "own", false),
            ],
            seen);
    }

    [Fact]
    public async Task Authorize_DeletedBaseBinding_GrantsNoMoreInThatCluster()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        var bindings = new GroupResource("rbac.authorization.k8s.io", "clusterrolebindings");
        string key = StoreKey.Of(bindings, AccessWorld.Shop, "", "system:basic-user");
        Assert.True(world.May(AccessWorld.In(AccessWorld.Shop, "jane"), "create", "selfsubjectaccessreviews", group: "authorization.k8s.io").Allowed);

        await world.WriteAsync(key, new LayeredSnapshot(world.Access.BaseLayer, bindings, world.Caches.For(bindings).Current).DeletionValue(key));

        Assert.False(world.May(AccessWorld.In(AccessWorld.Shop, "jane"), "create", "selfsubjectaccessreviews", group: "authorization.k8s.io").Allowed);
        Assert.True(world.May(AccessWorld.In(AccessWorld.Other, "jane"), "create", "selfsubjectaccessreviews", group: "authorization.k8s.io").Allowed);
    }

    private static LayeredSnapshot View(AccessWorld world) => new(world.Access.BaseLayer, ClusterRoles, world.Caches.For(ClusterRoles).Current);

    private static KubeObject? Get(AccessWorld world, ClusterName cluster, string name) => world.Access.Objects.Find(cluster, ClusterRoles, "", name);
}
