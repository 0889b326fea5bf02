using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Controllers.Placement;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Placement;

/// <summary>Against a real server, with a watch of namespaces that stands still.</summary>
public sealed class NamespaceIncarnationsTests : IAsyncLifetime
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    private TestServer server = null!;
    private KubeClient counted = null!;
    private Informer namespaces = null!;
    private NamespaceIncarnations incarnations = null!;
    private int requests;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private KubeClient Client => server.Admin;

    public async ValueTask InitializeAsync()
    {
        server = await TestServer.StartAsync(cancellationToken: Token);
        counted = new KubeClient(server.Config() with
        {
            TokenSource = _ =>
            {
                requests++;
                return ValueTask.FromResult<string?>(server.AdminToken(ClusterName.Root));
            },
        });
        await NamespaceAsync();
        namespaces = new Informer(Client, CoreResources.Namespaces);
        incarnations = new NamespaceIncarnations(counted, namespaces);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = namespaces.RunAsync(stop.Token);
        await namespaces.HasSynced.WaitAsync(Token);
        await stop.CancelAsync();
        await running;
    }

    public async ValueTask DisposeAsync()
    {
        counted.Dispose();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task UidOfAsync_WatchAsNewAsTheObject_AsksNobody()
    {
        KubeObject ns = await Client.GetAsync(CoreResources.Namespaces, "", "shop", Token);
        KubeObject source = Samples.Object($$$"""{"metadata": {"name": "a", "namespace": "shop", "uid": "u-a", "resourceVersion": "{{{ns.ResourceVersion}}}"} }""");

        Assert.Equal(ns.Uid, await incarnations.UidOfAsync(source, [], Token));
        Assert.Equal(0, requests);
    }

    [Fact]
    public async Task UidOfAsync_ObjectNewerThanTheWatch_AsksOnceForAllThatWereThere()
    {
        KubeObject ns = await Client.GetAsync(CoreResources.Namespaces, "", "shop", Token);
        KubeObject a = await ConfigMapAsync("a"), b = await ConfigMapAsync("b");

        Assert.Equal(ns.Uid, await incarnations.UidOfAsync(a, [], Token));
        Assert.Equal(ns.Uid, await incarnations.UidOfAsync(b, [], Token));
        Assert.Equal(1, requests);

        KubeObject c = await ConfigMapAsync("c");
        Assert.Equal(ns.Uid, await incarnations.UidOfAsync(c, [Work(a, ns.Uid), Work(c, ns.Uid)], Token));
        Assert.Equal(1, requests);
        Assert.Equal(ns.Uid, await incarnations.UidOfAsync(c, [Work(a, ns.Uid), Work(c, "u-another")], Token));
        Assert.Equal(2, requests);
    }

    [Fact]
    public async Task UidOfAsync_NamespaceMadeAnewSinceTheWatch_FindsTheNewOne()
    {
        KubeObject former = await Client.GetAsync(CoreResources.Namespaces, "", "shop", Token);
        KubeObject left = await ConfigMapAsync("a");
        await Client.DeleteAsync(CoreResources.Namespaces, "", "shop", null, Token);
        await Eventually.TrueAsync(async () => await Client.FindAsync(CoreResources.Namespaces, "", "shop", Token) is null, "the namespace is gone");
        Assert.Null(await incarnations.UidOfAsync(left, [], Token));

        KubeObject made = await NamespaceAsync();
        KubeObject source = await ConfigMapAsync("a");
        Assert.Equal(former.Uid, incarnations.Known(source));

        // What was concluded from the former goes first; whoever asks looks again.
        Assert.Null(await incarnations.UidOfAsync(source, [Work(left, former.Uid)], Token));
        Assert.Equal(made.Uid, incarnations.Known(source));
        Assert.Equal(made.Uid, await incarnations.UidOfAsync(source, [Work(left, former.Uid)], Token));
        Assert.Equal(2, requests);
    }

    private Task<KubeObject> NamespaceAsync() =>
        Client.CreateAsync(CoreResources.Namespaces, "", Samples.Json("""{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"} }"""), Token);

    private Task<KubeObject> ConfigMapAsync(string name) =>
        Client.CreateAsync(ConfigMaps, "shop", new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = name } }, Token);

    private static KubeObject Work(KubeObject source, string ns) => Samples.Object($$$"""{"spec": {"source": {"uid": "{{{source.Uid}}}", "namespaceUid": "{{{ns}}}"} } }""");
}
