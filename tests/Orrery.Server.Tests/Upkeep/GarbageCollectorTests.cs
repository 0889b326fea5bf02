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

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Delete_ForegroundOfARingOfOwners_TakesAllOfIt(int length)
    {
        string ns = await fixture.NamespaceAsync();
        var ring = new List<KubeObject>();
        for (int i = 0; i < length; i++)
        {
            ring.Add(await MakeAsync(ns, $"ring-{i}"));
        }

        for (int i = 0; i < length; i++)
        {
            await fixture.Admin.PatchAsync(
                ServerFixture.ConfigMaps, ns, ring[i].Name, PatchKind.Merge,
                new JsonObject { ["metadata"] = new JsonObject { ["ownerReferences"] = new JsonArray(ServerFixture.Owner(ring[(i + 1) % length], blocks: true)) } }, ServerFixture.Token);
        }

        await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "ring-0", new DeleteQuery { PropagationPolicy = "Foreground" }, ServerFixture.Token);

        for (int i = 0; i < length; i++)
        {
            await GoneAsync(ns, $"ring-{i}");
        }
    }

    /// <summary>As when an operator is taken away together with its definitions: nobody serves the owners any more when what they owned is looked at.</summary>
    [Fact]
    public async Task DeleteDefinition_OfOwners_TakesTheirDependentsToo()
    {
        const int count = 60;
        string ns = await fixture.NamespaceAsync();
        GroupVersionResource owners = ServerFixture.Custom("bosses");
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("bosses"), ServerFixture.Token);
        await Parallel.ForAsync(0, count, ServerFixture.Token, async (i, token) =>
        {
            KubeObject owner = await fixture.Admin.CreateAsync(
                owners, ns, new JsonObject { ["apiVersion"] = "test.example.com/v1", ["kind"] = "Kindbosses", ["metadata"] = new JsonObject { ["name"] = $"boss-{i}" } }, token);
            await MakeAsync(ns, $"a-{i}", owner);
            await MakeAsync(ns, $"b-{i}", owner);
        });

        await fixture.Admin.DeleteAsync(ServerFixture.Definitions, "", "bosses.test.example.com", null, ServerFixture.Token);

        for (int i = 0; i < count; i++)
        {
            await GoneAsync(ns, $"a-{i}");
            await GoneAsync(ns, $"b-{i}");
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
