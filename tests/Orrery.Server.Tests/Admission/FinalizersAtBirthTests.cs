using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;
using Xunit;
using static Orrery.Server.Tests.ServerFixture;

namespace Orrery.Server.Tests.Admission;

public sealed class FinalizersAtBirthTests
{
    private const string Held = "example.com/held";

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(new TestServerOptions
    {
        Configure = options => options with { FinalizersAtBirth = new Dictionary<GroupResource, string> { [ConfigMaps.GroupResource] = Held } },
    });

    [Fact]
    public async Task Create_InRoot_HasTheFinalizerBehindItsOwnAndOnce()
    {
        await using TestServer server = await StartAsync();
        KubeObject plain = await server.Admin.CreateAsync(ConfigMaps, "default", ConfigMap("plain"), Token);
        KubeObject other = await server.Admin.CreateAsync(ConfigMaps, "default", WithFinalizers("other", "example.com/other"), Token);
        KubeObject same = await server.Admin.CreateAsync(ConfigMaps, "default", WithFinalizers("same", Held), Token);
        KubeObject applied = await server.Admin.ApplyAsync(ConfigMaps, "default", "applied", ConfigMap("applied"), "tester", force: false, Token);

        Assert.Equal([Held], plain.Finalizers);
        Assert.Equal(["example.com/other", Held], other.Finalizers);
        Assert.Equal([Held], same.Finalizers);
        Assert.Equal([Held], applied.Finalizers);
        Assert.Empty((await server.Admin.CreateAsync(Namespaces, "", Named("unnamed"), Token)).Finalizers);
    }

    [Fact]
    public async Task Update_OfWhatLostIt_DoesNotGiveItBack()
    {
        await using TestServer server = await StartAsync();
        await server.Admin.CreateAsync(ConfigMaps, "default", ConfigMap("plain"), Token);
        var none = new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } };
        await server.Admin.PatchAsync(ConfigMaps, "default", "plain", PatchKind.Merge, none, Token);
        KubeObject again = await server.Admin.PatchAsync(ConfigMaps, "default", "plain", PatchKind.Merge, new JsonObject { ["data"] = new JsonObject { ["k"] = "w" } }, Token);
        Assert.Empty(again.Finalizers);
    }

    private static JsonObject WithFinalizers(string name, string finalizer)
    {
        JsonObject json = ConfigMap(name);
        json.Metadata["finalizers"] = new JsonArray(finalizer);
        return json;
    }
}
