using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Tests.Clusters;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Server.Tests.Upkeep;

public sealed class NamespaceTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource Accounts = new("", "v1", "serviceaccounts");

    [Fact]
    public async Task Create_Answered_HasItsDefaultAccountAndSoonItsCertificate()
    {
        string ns = await fixture.NamespaceAsync();

        Assert.NotNull(await fixture.Admin.FindAsync(Accounts, ns, "default", ServerFixture.Token));
        await Eventually.TrueAsync(
            async () => await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, ns, "kube-root-ca.crt", ServerFixture.Token) is not null, "the certificate comes", cancellationToken: ServerFixture.Token);
        KubeObject certificate = await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, "kube-root-ca.crt", ServerFixture.Token);
        Assert.Equal(fixture.Server.CaPem.Trim(), certificate.TextAt("data", "ca.crt")!.Trim());
    }

    [Fact]
    public async Task Delete_WithContent_GoesWhenTheLastOfItDoes()
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject held = ServerFixture.ConfigMap("held");
        held.Metadata["finalizers"] = new JsonArray("example.com/hold");
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, held, ServerFixture.Token);
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("free"), ServerFixture.Token);

        await fixture.Admin.DeleteAsync(ServerFixture.Namespaces, "", ns, null, ServerFixture.Token);
        StatusException late = await Assert.ThrowsAsync<StatusException>(() =>
            fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("late"), ServerFixture.Token));
        await GoneAsync(ServerFixture.ConfigMaps, ns, "free");
        Assert.Equal("Terminating", (await fixture.Admin.GetAsync(ServerFixture.Namespaces, "", ns, ServerFixture.Token)).TextAt("status", "phase"));
        await fixture.Admin.PatchAsync(
            ServerFixture.ConfigMaps, ns, "held", PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } }, ServerFixture.Token);

        Assert.Equal(403, late.Code);
        await GoneAsync(ServerFixture.Namespaces, "", ns);
    }

    [Fact]
    public async Task Delete_TheDefaultAccount_ComesBackWithTheNextLook()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.DeleteAsync(Accounts, ns, "default", null, ServerFixture.Token);

        // Any change of the namespace is an occasion to look.
        await fixture.Admin.PatchAsync(
            ServerFixture.Namespaces, "", ns, PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["x"] = "y" } } }, ServerFixture.Token);

        await Eventually.TrueAsync(
            async () => await fixture.Admin.FindAsync(Accounts, ns, "default", ServerFixture.Token) is not null, "the account comes back", cancellationToken: ServerFixture.Token);
    }

    /// <summary>Another server let a write through while the namespace was still there, and this one has just found it empty.</summary>
    [Fact]
    public async Task Delete_WithAWriteThatLandsAfterItWasFoundEmpty_LeavesNothingBehind()
    {
        const string name = "/core/namespaces/-/-/short", late = "/core/configmaps/-/short/late";
        await using var store = new InterruptedStore(new MemoryStore(TimeProvider.System));
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token);
        await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("short"), ServerFixture.Token);
        bool landed = false;
        store.Before = async (inner, transaction) =>
        {
            if (transaction.Writes.Any(w => w.Key == name && w.Value is null))
            {
                byte[] value = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"late","namespace":"short","uid":"7c1b3a52-98a3-4f2e-9a39-000000000001","creationTimestamp":"2026-01-01T00:00:00Z"}}"""u8.ToArray();
                landed |= (await inner.CommitAsync(new Transaction([new Condition(late, 0)], [new Write(late, value)]), ServerFixture.Token)).Succeeded;
            }
        };

        await server.Admin.DeleteAsync(ServerFixture.Namespaces, "", "short", null, ServerFixture.Token);

        await Eventually.TrueAsync(
            async () => await server.Admin.FindAsync(ServerFixture.Namespaces, "", "short", ServerFixture.Token) is null && await store.GetAsync(late, ServerFixture.Token) is null,
            "the namespace goes with what came late", cancellationToken: ServerFixture.Token);
        Assert.True(landed);
    }

    private Task GoneAsync(GroupVersionResource resource, string ns, string name) => Eventually.TrueAsync(
        async () => await fixture.Admin.FindAsync(resource, ns, name, ServerFixture.Token) is null, $"{name} goes", cancellationToken: ServerFixture.Token);
}
