using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Tests.Clusters;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Server.Tests.CustomResources;

/// <summary>A server is ready once root serves what somebody is to install there.</summary>
public sealed class AwaitedResourcesTests
{
    private static readonly GroupResource Boats = new("test.example.com", "boats"), Cars = new("test.example.com", "cars");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Readyz_OfAFreshStore_WaitsForAllAndThenForNoneAgain()
    {
        await using TestServer server = await TestServer.StartAsync(Waiting(null), Token);

        Assert.Contains("[-]own-resources failed", (await Assert.ThrowsAsync<StatusException>(() => server.Admin.GetTextAsync("/readyz", Token))).Message, StringComparison.Ordinal);
        Assert.Equal("ok", await server.Admin.GetTextAsync("/livez", Token));
        await DefineAsync(server, "boats", "Boat");
        await Assert.ThrowsAsync<StatusException>(() => server.Admin.GetTextAsync("/readyz", Token));
        await DefineAsync(server, "cars", "Car");
        await Eventually.TrueAsync(() => IsReadyAsync(server), "it is ready", cancellationToken: Token);
        Assert.Contains("[+]own-resources ok\n", await server.Admin.GetTextAsync("/readyz?verbose", Token), StringComparison.Ordinal);

        // What its users do with them afterwards is theirs.
        await server.Admin.DeleteAsync(ServerFixture.Definitions, "", "boats.test.example.com", null, Token);
        Assert.True(await IsReadyAsync(server));
    }

    [Fact]
    public async Task Readyz_OfASharedStoreThatIsSetUp_DoesNotWaitForWhatOnlyThisVersionKnows()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        var shared = new InterruptedStore(store);
        await using (TestServer former = await TestServer.StartAsync(new TestServerOptions { Store = shared }, Token))
        {
            await DefineAsync(former, "boats", "Boat");
        }

        await using TestServer newer = await TestServer.StartAsync(Waiting(shared), Token), alone = await TestServer.StartAsync(Waiting(store), Token);

        Assert.True(await IsReadyAsync(newer));
        Assert.False(await IsReadyAsync(alone));
    }

    private static TestServerOptions Waiting(IStore? store) => new() { Store = store, Configure = options => options with { AwaitedResources = () => [Boats, Cars] } };

    private static async Task<bool> IsReadyAsync(TestServer server)
    {
        try
        {
            return await server.Admin.GetTextAsync("/readyz", Token) == "ok";
        }
        catch (StatusException unready) when (unready.Code == 500)
        {
            return false;
        }
    }

    private static Task<KubeObject> DefineAsync(TestServer server, string plural, string kind) => server.Admin.CreateAsync(ServerFixture.Definitions, "", (JsonObject)JsonNode.Parse($$$"""
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{{plural}}}.test.example.com"},"spec":{"group":"test.example.com","scope":"Namespaced","names":{"plural":"{{{plural}}}","kind":"{{{kind}}}"},
        "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"} } }]} }
        """)!, Token);
}
