using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Testing;

namespace Orrery.Client.Tests.RealServer;

/// <summary>The client against the real API server in this process.</summary>
public sealed class RealServerTests : IAsyncLifetime
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Namespaces = new("", "v1", "namespaces");
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");

    private TestServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private KubeClient Client => server.Admin;

    public async ValueTask InitializeAsync() => server = await TestServer.StartAsync(cancellationToken: Token);

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Object_ThroughItsLife_ReadsAsWritten()
    {
        KubeObject made = await Client.CreateAsync(ConfigMaps, "default", Config("a", "1"), Token);
        Assert.Equal("1", made.TextAt("data", "k"));
        var again = await Assert.ThrowsAsync<StatusException>(() => Client.CreateAsync(ConfigMaps, "default", Config("a", "1"), Token));
        Assert.True(again.IsAlreadyExists);

        JsonObject body = made.ToJsonObject();
        body["data"]!["k"] = "2";
        KubeObject updated = await Client.UpdateAsync(ConfigMaps, "default", "a", body, Token);
        Assert.Equal(made.Uid, updated.Uid);
        var stale = await Assert.ThrowsAsync<StatusException>(() =>
        {
            body["data"]!["k"] = "3";
            return Client.UpdateAsync(ConfigMaps, "default", "a", body, Token);
        });
        Assert.True(stale.IsConflict);

        KubeObject merged = await Client.PatchAsync(ConfigMaps, "default", "a", PatchKind.Merge, JsonNode.Parse("""{"data":{"k":null,"m":"4"}}""")!, Token);
        Assert.Null(merged.TextAt("data", "k"));
        KubeObject patched = await Client.PatchAsync(ConfigMaps, "default", "a", PatchKind.Json, JsonNode.Parse("""[{"op":"add","path":"/data/j","value":"5"}]""")!, Token);
        Assert.Equal(("4", "5"), (patched.TextAt("data", "m"), patched.TextAt("data", "j")));

        await Client.DeleteAsync(ConfigMaps, "default", "a", new DeleteQuery { Uid = made.Uid }, Token);
        Assert.Null(await Client.FindAsync(ConfigMaps, "default", "a", Token));
    }

    [Fact]
    public async Task TlsServerName_IsTheNameThatTheCertificateMustShow_WhateverTheAddress()
    {
        using var named = new KubeClient(Client.Config with { TlsServerName = "localhost" });
        using var other = new KubeClient(Client.Config with { TlsServerName = "other.example.test" });

        Assert.Equal("default", (await named.GetAsync(new GroupVersionResource("", "v1", "namespaces"), "", "default", Token)).Name);
        await Assert.ThrowsAsync<HttpRequestException>(() => other.GetAsync(new GroupVersionResource("", "v1", "namespaces"), "", "default", Token));
    }

    [Fact]
    public async Task ApplyAsync_FieldOfAnotherManager_IsAConflictUnlessForced()
    {
        await Client.ApplyAsync(ConfigMaps, "default", "a", Config("a", "1"), "one", false, Token);

        var fault = await Assert.ThrowsAsync<StatusException>(() => Client.ApplyAsync(ConfigMaps, "default", "a", Config("a", "2"), "two", false, Token));
        KubeObject forced = await Client.ApplyAsync(ConfigMaps, "default", "a", Config("a", "2"), "two", true, Token);

        Assert.True(fault.IsConflict);
        Assert.Equal("2", forced.TextAt("data", "k"));
    }

    [Fact]
    public async Task ListAsync_SmallPages_GivesEverythingOnce()
    {
        string[] names = [.. Enumerable.Range(0, 25).Select(i => $"c-{i:00}")];
        foreach (string name in names)
        {
            await Client.CreateAsync(ConfigMaps, "default", Config(name, "1"), Token);
        }

        KubeList list = await Client.ListAsync(ConfigMaps, "default", new ListQuery { PageSize = 4, FieldSelector = "metadata.name!=kube-root-ca.crt" }, Token);

        Assert.Equal(names, list.Items.Select(i => i.Name));
        Assert.All(list.Items, i => Assert.Equal(("v1", "ConfigMap"), (i.ApiVersion, i.Kind)));
        await Client.DeleteCollectionAsync(ConfigMaps, "default", new ListQuery { FieldSelector = "metadata.name!=kube-root-ca.crt" }, null, Token);
        Assert.Empty((await Client.ListAsync(ConfigMaps, "default", new ListQuery { FieldSelector = "metadata.name!=kube-root-ca.crt" }, Token)).Items);
    }

    [Fact]
    public async Task Informer_OnARealServer_FollowsEveryChange()
    {
        await Client.CreateAsync(ConfigMaps, "default", Config("before", "1"), Token);
        var changes = new ConcurrentQueue<string>();
        var informer = new Informer(Client, ConfigMaps, new InformerOptions { Namespace = "default", FieldSelector = "metadata.name!=kube-root-ca.crt", PageSize = 1 });
        informer.Subscribe(c => changes.Enqueue((c.IsDeleted ? "-" : c.IsAdded ? "+" : "~") + c.Key.Name));
        using var stop = new CancellationTokenSource();
        Task running = informer.RunAsync(stop.Token);
        await informer.HasSynced.WaitAsync(TimeSpan.FromSeconds(60), Token);

        await Client.CreateAsync(ConfigMaps, "default", Config("after", "1"), Token);
        await Client.ApplyAsync(ConfigMaps, "default", "before", Config("before", "2"), "me", true, Token);
        await Client.DeleteAsync(ConfigMaps, "default", "after", null, Token);

        await Eventually.TrueAsync(() => changes.Count == 4, "4 changes", cancellationToken: Token);
        Assert.Equal(["+before", "+after", "~before", "-after"], changes);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Informer_OverAllClusters_KeepsThemApart()
    {
        using KubeClient everywhere = server.ControlPlane();
        await everywhere.CreateAsync(Namespaces, "", new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = "acme" },
        }, Token);
        ClusterName shop = await MakeClusterAsync(everywhere, "shop"), blog = await MakeClusterAsync(everywhere, "blog");
        var informer = new Informer(everywhere.InCluster(ClusterName.All), ConfigMaps);
        using var stop = new CancellationTokenSource();
        Task running = informer.RunAsync(stop.Token);
        await informer.HasSynced.WaitAsync(TimeSpan.FromSeconds(60), Token);

        await everywhere.InCluster(shop).CreateAsync(ConfigMaps, "default", Config("same", "shop's"), Token);
        await everywhere.InCluster(blog).CreateAsync(ConfigMaps, "default", Config("same", "blog's"), Token);
        await everywhere.CreateAsync(ConfigMaps, "default", Config("same", "root's"), Token);

        await Eventually.TrueAsync(
            () => informer.Get(shop, "default", "same") is not null && informer.Get(blog, "default", "same") is not null, "both", cancellationToken: Token);
        Assert.Equal("shop's", informer.Get(shop, "default", "same")!.TextAt("data", "k"));
        Assert.Equal("blog's", informer.Get(blog, "default", "same")!.TextAt("data", "k"));
        Assert.Null(informer.Get(ClusterName.Root, "default", "same"));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Resources_FromDiscovery_KnowWhatIsServed()
    {
        var resources = new Resources(Client);

        ApiResource deployments = (await resources.FindAsync("apps/v1", "Deployment", Token))!;

        Assert.Equal(Deployments, deployments.Resource);
        Assert.True(deployments.IsNamespaced);
        Assert.Contains("status", deployments.Subresources);
        Assert.False((await resources.FindAsync("v1", "Node", Token))!.IsNamespaced);
        Assert.Null(await resources.FindAsync("nowhere.example/v1", "Thing", Token));
    }

    [Fact]
    public async Task EventRecorder_SameThingThreeTimes_IsOneEventCountedThree()
    {
        KubeObject about = await Client.CreateAsync(ConfigMaps, "default", Config("a", "1"), Token);
        var recorder = new EventRecorder(Client, "tester");
        using var stop = new CancellationTokenSource();
        Task running = recorder.RunAsync(stop.Token);

        for (int i = 0; i < 3; i++)
        {
            recorder.Normal(about, "Tested", "it works");
        }

        var events = new GroupVersionResource("", "v1", "events");
        KubeObject found = await Eventually.SomeAsync(
            async () => (await Client.ListAsync(events, "default", null, Token)).Items.FirstOrDefault(e => e.NumberAt("count") == 3), "counted", cancellationToken: Token);
        Assert.Equal(about.Uid, found.TextAt("involvedObject", "uid"));
        Assert.Single((await Client.ListAsync(events, "default", null, Token)).Items, e => e.TextAt("reason") == "Tested");
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task GetTextAsync_Readyz_IsOk() => Assert.Equal("ok", await Client.GetTextAsync("/readyz", Token));

    /// <summary>A virtual cluster in which objects can be made: its default namespace comes within moments.</summary>
    private static async Task<ClusterName> MakeClusterAsync(KubeClient everywhere, string name)
    {
        await everywhere.CreateAsync(new GroupVersionResource("internal.orrery.dev", "v1alpha1", "logicalclusters"), "acme", new JsonObject
        {
            ["apiVersion"] = "internal.orrery.dev/v1alpha1", ["kind"] = "LogicalCluster", ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "acme" },
        }, Token);
        var cluster = new ClusterName("acme", name);
        await Eventually.TrueAsync(async () => await everywhere.InCluster(cluster).FindAsync(Namespaces, "", "default", Token) is not null, "served", cancellationToken: Token);
        return cluster;
    }

    private static JsonObject Config(string name, string value) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default" },
        ["data"] = new JsonObject { ["k"] = value },
    };
}
