using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Mirror;
using Orrery.Controllers.Revisions;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Mirror;

/// <summary>A pod is not given back to an owner that has let go of it, as that may be known here before it is known that the owner goes: with it the pod would go.</summary>
public sealed class MirrorWriterTests
{
    private static readonly GroupVersionResource ReplicaSets = new("apps", "v1", "replicasets");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Update_OfAPodWhoseOwnerHasLetGoOfItSinceItWasRead_WritesNothing()
    {
        await using TestServer root = await TestServer.StartAsync(new TestServerOptions());
        KubeObject owner = await root.Admin.CreateAsync(ReplicaSets, "default", Set(), Token);
        KubeObject read = await root.Admin.CreateAsync(CoreResources.Pods, "default", Pod(), Token);
        JsonObject wanted = read.ToJsonObject();
        PodOwner.Put(wanted.Metadata, owner, RevisionKinds.ReplicaSet);
        await root.Admin.PatchAsync(CoreResources.Pods, "default", "web-1", PatchKind.Merge, Json("""{"metadata": {"labels": {"changed": "since"}}}"""), Token);
        var writer = new MirrorWriter(root.Admin);

        await Assert.ThrowsAsync<StatusException>(() => writer.UpdateAsync(CoreResources.Pods, ClusterName.Root, read, wanted, Token));
        KubeObject present = await root.Admin.GetAsync(CoreResources.Pods, "default", "web-1", Token);
        Assert.Empty(RevisionKinds.OwnersOf(present));

        // As it is now it may have it.
        wanted = present.ToJsonObject();
        PodOwner.Put(wanted.Metadata, owner, RevisionKinds.ReplicaSet);
        await writer.UpdateAsync(CoreResources.Pods, ClusterName.Root, present, wanted, Token);
        Assert.Equal([owner.Uid], RevisionKinds.OwnersOf(await root.Admin.GetAsync(CoreResources.Pods, "default", "web-1", Token)));
    }

    [Fact]
    public async Task IsThere_AsksForTheObjectItself()
    {
        await using TestServer root = await TestServer.StartAsync(new TestServerOptions());
        JsonObject held = Set();
        held.Metadata["finalizers"] = new JsonArray("example.test/held");
        KubeObject first = await root.Admin.CreateAsync(ReplicaSets, "default", held, Token);
        var writer = new MirrorWriter(root.Admin);
        Assert.True(await writer.IsThereAsync(ReplicaSets, first, Token));

        // On its way out, gone, and another of its name.
        await root.Admin.DeleteAsync(ReplicaSets, "default", "web", new DeleteQuery { PropagationPolicy = "Background" }, Token);
        Assert.False(await writer.IsThereAsync(ReplicaSets, first, Token));
        await root.Admin.PatchAsync(ReplicaSets, "default", "web", PatchKind.Merge, Json("""{"metadata": {"finalizers": null}}"""), Token);
        Assert.False(await writer.IsThereAsync(ReplicaSets, first, Token));
        KubeObject second = await root.Admin.CreateAsync(ReplicaSets, "default", Set(), Token);
        Assert.False(await writer.IsThereAsync(ReplicaSets, first, Token));
        Assert.True(await writer.IsThereAsync(ReplicaSets, second, Token));
    }

    private static JsonObject Set() => Json("""
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"},
         "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]}}}}
        """);

    private static JsonObject Pod() => Json("""
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]}}
        """);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
