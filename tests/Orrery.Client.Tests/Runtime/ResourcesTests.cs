using Orrery.Api;
using Orrery.Client.Tests.Support;
using Orrery.Testing;

namespace Orrery.Client.Tests.Runtime;

public sealed class ResourcesTests
{
    private const string Apps = """
        {"kind":"APIResourceList","groupVersion":"apps/v1","resources":[
          {"name":"deployments","kind":"Deployment","namespaced":true,"verbs":["get","list"]},
          {"name":"deployments/scale","kind":"Scale","namespaced":true,"verbs":["get"]}]}
        """;

    [Fact]
    public async Task FindAsync_KnownKind_AsksOnce()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, Apps));
        using var client = new KubeClient(server.Config);
        var resources = new Resources(client);

        ApiResource byKind = (await resources.FindAsync("apps/v1", "Deployment", CancellationToken.None))!;
        ApiResource byName = (await resources.FindAsync(new GroupVersionResource("apps", "v1", "deployments"), CancellationToken.None))!;

        Assert.Same(byKind, byName);
        Assert.Equal(new GroupVersionResource("apps", "v1", "deployments"), byKind.Resource);
        Assert.True(byKind.IsNamespaced);
        Assert.Equal(["scale"], byKind.Subresources);
        Assert.Equal("/apis/apps/v1", Assert.Single(server.Requests).Url);
    }

    [Fact]
    public async Task FindAsync_UnknownGroup_IsNullAndAskedAgainLater()
    {
        bool installed = false;
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => installed
            ? ScriptedServer.JsonAsync(c, Apps)
            : ScriptedServer.JsonAsync(c, ApiErrors.NoSuchResource().Status.ToJson().ToJsonString(), 404));
        using var client = new KubeClient(server.Config);
        var time = new ManualTime();
        var resources = new Resources(client, time);

        Assert.Null(await resources.FindAsync("apps/v1", "Deployment", CancellationToken.None));
        installed = true;
        Assert.Null(await resources.FindAsync("apps/v1", "Deployment", CancellationToken.None));
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.NotNull(await resources.FindAsync("apps/v1", "Deployment", CancellationToken.None));
        Assert.Equal(2, server.Requests.Count);
    }
}
