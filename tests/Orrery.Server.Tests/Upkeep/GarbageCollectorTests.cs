using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.Upkeep;

public sealed class GarbageCollectorTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Delete_Background_TakesDependentsAfterwards()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject owner = await MakeAsync(ns, "owner");
        KubeObject child = await MakeAsync(ns, "child", owner);
        await MakeAsync(ns, "grandchild", child);

        await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "owner", new DeleteQuery { PropagationPolicy = "Background" }, ServerFixture.Token);

        await GoneAsync(ns, "child");
        await GoneAsync(ns, "grandchild");
    }

    [Fact]
    public async Task Delete_Foreground_WaitsForDependents()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject owner = await MakeAsync(ns, "owner");
        JsonObject held = ServerFixture.ConfigMap("child");
        held.Metadata["finalizers"] = new JsonArray("example.com/hold");
        held.Metadata["ownerReferences"] = new JsonArray(ServerFixture.Owner(owner, blocks: true));
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, held, ServerFixture.Token);

        await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "owner", new DeleteQuery { PropagationPolicy = "Foreground" }, ServerFixture.Token);
        await Eventually.TrueAsync(
            async () => (await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, "child", ServerFixture.Token)).IsDeleting,
            "the dependent is asked to go", cancellationToken: ServerFixture.Token);
        Assert.True((await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, "owner", ServerFixture.Token)).IsDeleting);

        await fixture.Admin.PatchAsync(
            ServerFixture.ConfigMaps, ns, "child", PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } }, ServerFixture.Token);
        await GoneAsync(ns, "child");
        await GoneAsync(ns, "owner");
    }

    /// <summary>As a pod that a controller makes while its ReplicaSet goes, and that is bound and started in the same moment.</summary>
    [Fact]
    public async Task Dependent_ChangedWhileItIsLookedAt_GoesAllTheSame()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject owner = await MakeAsync(ns, "owner");
        await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "owner", null, ServerFixture.Token);

        await Parallel.ForAsync(0, 40, ServerFixture.Token, async (i, _) =>
        {
            string name = $"late-{i}";
            await MakeAsync(ns, name, owner);
            try
            {
                for (int change = 0; change < 5; change++)
                {
                    await fixture.Admin.PatchAsync(
                        ServerFixture.ConfigMaps, ns, name, PatchKind.Merge, new JsonObject { ["data"] = new JsonObject { ["change"] = $"{change}" } }, ServerFixture.Token);
                }
            }
            catch (StatusException gone) when (gone.IsNotFound)
            {
                // Collected between two changes.
            }
        });

        for (int i = 0; i < 40; i++)
        {
            await GoneAsync(ns, $"late-{i}");
        }
    }

    [Fact]
    public async Task Delete_Orphan_KeepsDependentsWithoutOwner()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject owner = await MakeAsync(ns, "owner");
        await MakeAsync(ns, "child", owner);

        await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "owner", new DeleteQuery { PropagationPolicy = "Orphan" }, ServerFixture.Token);

        await GoneAsync(ns, "owner");
        KubeObject kept = await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, "child", ServerFixture.Token);
        Assert.Null(kept.At("metadata", "ownerReferences"));
    }

    [Fact]
    public async Task Delete_OneOfTwoOwners_KeepsTheDependent()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject first = await MakeAsync(ns, "first");
        KubeObject second = await MakeAsync(ns, "second");
        await MakeAsync(ns, "child", first, second);

        await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "first", null, ServerFixture.Token);

        await Eventually.TrueAsync(
            async () => (await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, "child", ServerFixture.Token)).At("metadata", "ownerReferences")!.Value.GetArrayLength() == 1,
            "the reference to the deleted owner goes", cancellationToken: ServerFixture.Token);
        Assert.NotNull(await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, ns, "second", ServerFixture.Token));
    }

    private async Task<KubeObject> MakeAsync(string ns, string name, params KubeObject[] owners)
    {
        JsonObject json = ServerFixture.ConfigMap(name);
        if (owners.Length > 0)
        {
            json.Metadata["ownerReferences"] = new JsonArray([.. owners.Select(o => (JsonNode)ServerFixture.Owner(o))]);
        }

        return await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, json, ServerFixture.Token);
    }

    private Task GoneAsync(string ns, string name) => Eventually.TrueAsync(
        async () => await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, ns, name, ServerFixture.Token) is null, $"{name} goes", cancellationToken: ServerFixture.Token);
}
