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

    /// <summary>A machine whose clock was an hour ahead, and is put right just then.</summary>
    [Fact]
    public async Task FindAsync_ClockIsPutBack_IsAskedAgainAllTheSame()
    {
        bool installed = false;
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, installed ? Apps : """{"kind":"APIResourceList","groupVersion":"apps/v1","resources":[]}"""));
        using var client = new KubeClient(server.Config);
        var time = new ManualTime { Skew = TimeSpan.FromHours(1) };
        var resources = new Resources(client, time);
        Assert.Null(await resources.FindAsync("apps/v1", "Deployment", CancellationToken.None));

        installed = true;
        time.Skew = TimeSpan.Zero;
        time.Advance(TimeSpan.FromSeconds(3));

        Assert.NotNull(await resources.FindAsync("apps/v1", "Deployment", CancellationToken.None));
    }

    /// <summary>A list of nothing is null where a server in Go did not make one.</summary>
    [Fact]
    public async Task AllAsync_ListsThatAreNull_AreEmpty()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, c.Request.Path == "/apis"
            ? """{"kind":"APIGroupList","apiVersion":"v1","groups":null}"""
            : """{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"odd","kind":"Odd","namespaced":true,"verbs":null}]}"""));
        using var client = new KubeClient(server.Config);

        Assert.Empty(Assert.Single((await new Resources(client).AllAsync(CancellationToken.None)).Resources).Verbs);
    }

    /// <summary>A kube-apiserver lists the groups of aggregated servers also while those are down, and answers 503 for what is in them.</summary>
    [Fact]
    public async Task AllAsync_OneGroupIsDown_TellsTheOthers()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => c.Request.Path.Value switch
        {
            "/apis" => ScriptedServer.JsonAsync(c, """
                {"kind":"APIGroupList","groups":[{"name":"metrics.k8s.io","preferredVersion":{"groupVersion":"metrics.k8s.io/v1beta1"}},{"name":"apps","preferredVersion":{"groupVersion":"apps/v1"}}]}
                """),
            "/api/v1" => ScriptedServer.JsonAsync(c, """{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","kind":"Pod","namespaced":true,"verbs":["list"]}]}"""),
            "/apis/apps/v1" => ScriptedServer.JsonAsync(c, Apps),
            _ => ScriptedServer.JsonAsync(c, ApiErrors.ServiceUnavailable("the server is currently unable to handle the request").Status.ToJson().ToJsonString(), 503),
        });
        using var client = new KubeClient(server.Config);

        (IReadOnlyList<ApiResource> all, IReadOnlyList<string> unavailable) = await new Resources(client).AllAsync(CancellationToken.None);

        Assert.Equal(["Pod", "Deployment"], all.Select(r => r.Kind));
        Assert.Equal(["metrics.k8s.io/v1beta1"], unavailable);
    }

    /// <summary>As Istio's groups are: a kind of theirs is in an older version than the one that the group prefers.</summary>
    [Fact]
    public async Task AllAsync_KindThatOnlyAnotherVersionHas_IsThere_AndEachOnce()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => c.Request.Path.Value switch
        {
            "/apis" => ScriptedServer.JsonAsync(c, """
                {"kind":"APIGroupList","groups":[{"name":"mesh.test","preferredVersion":{"groupVersion":"mesh.test/v1"},"versions":[{"groupVersion":"mesh.test/v1alpha3"},{"groupVersion":"mesh.test/v1"}]}]}
                """),
            "/apis/mesh.test/v1" => ScriptedServer.JsonAsync(c, """{"kind":"APIResourceList","resources":[{"name":"gates","kind":"Gate","namespaced":true,"verbs":["list"]}]}"""),
            "/apis/mesh.test/v1alpha3" => ScriptedServer.JsonAsync(c, """
                {"kind":"APIResourceList","resources":[{"name":"gates","kind":"Gate","namespaced":true,"verbs":["list"]},{"name":"filters","kind":"Filter","namespaced":true,"verbs":["list"]}]}
                """),
            _ => ScriptedServer.JsonAsync(c, """{"kind":"APIResourceList","resources":[]}"""),
        });
        using var client = new KubeClient(server.Config);

        (IReadOnlyList<ApiResource> all, _) = await new Resources(client).AllAsync(CancellationToken.None);

        Assert.Equal([new GroupVersionResource("mesh.test", "v1", "gates"), new("mesh.test", "v1alpha3", "filters")], all.Select(r => r.Resource));
    }
}
