using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.Clusters;

/// <summary>What the first namespaces of a virtual cluster hold is stored nowhere, and behaves as if it were.</summary>
public sealed class NamespaceContentsTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource Accounts = new("", "v1", "serviceaccounts");

    [Fact]
    public async Task FreshCluster_ItsNamespaces_HoldAnAccountAndTheCertificate()
    {
        (_, KubeClient client) = await ClusterAsync("fresh");
        foreach (string ns in (string[])["default", "kube-system", "kube-public", "kube-node-lease"])
        {
            KubeObject account = await client.GetAsync(Accounts, ns, "default", ServerFixture.Token);
            KubeObject certificate = Assert.Single((await client.ListAsync(ServerFixture.ConfigMaps, ns, null, ServerFixture.Token)).Items);

            Assert.Equal(ns, account.Namespace);
            Assert.Equal("kube-root-ca.crt", certificate.Name);
            Assert.Contains("BEGIN CERTIFICATE", certificate.TextAt("data", "ca.crt"), StringComparison.Ordinal);
        }

        Assert.Equal(4, (await client.ListAsync(Accounts, "", null, ServerFixture.Token)).Items.Count);
    }

    /// <summary>Whoever looks over all clusters finds the namespace of whatever object it finds.</summary>
    [Fact]
    public async Task FirstObject_InANamespaceOfTheLayer_StoresTheNamespaceAsItWas()
    {
        (ClusterName cluster, KubeClient client) = await ClusterAsync("stored");
        KubeObject before = await client.GetAsync(ServerFixture.Namespaces, "", "default", ServerFixture.Token);
        Assert.Equal("Active", before.TextAt("status", "phase"));
        Assert.Equal("default", before.Labels["kubernetes.io/metadata.name"]);
        Assert.DoesNotContain(await EverywhereAsync(), n => n.Cluster == cluster);

        await client.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("first"), ServerFixture.Token);

        KubeObject stored = Assert.Single((await EverywhereAsync()), n => n.Cluster == cluster).Namespace;
        Assert.Equal("default", stored.Name);
        Assert.Equal(before.Uid, stored.Uid);
        Assert.Equal(before.CreationTimestamp, stored.CreationTimestamp);
        Assert.Equal(["default", "kube-node-lease", "kube-public", "kube-system"], (await client.ListAsync(ServerFixture.Namespaces, "", null, ServerFixture.Token)).Items.Select(n => n.Name));

        async Task<IEnumerable<(ClusterName Cluster, KubeObject Namespace)>> EverywhereAsync() =>
            (await fixture.Server.ControlPlane().InCluster(ClusterName.All).ListAsync(ServerFixture.Namespaces, "", null, ServerFixture.Token)).Items.Select(n => (n.Cluster, n));
    }

    [Fact]
    public async Task Patch_NamespaceOfTheLayer_IsStoredAndKeepsItsUid()
    {
        (_, KubeClient client) = await ClusterAsync("labelled");
        KubeObject before = await client.GetAsync(ServerFixture.Namespaces, "", "kube-public", ServerFixture.Token);
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["a"] = "b" } } };

        KubeObject patched = await client.PatchAsync(ServerFixture.Namespaces, "", "kube-public", PatchKind.Merge, patch, ServerFixture.Token);

        Assert.Equal(before.Uid, patched.Uid);
        Assert.Equal("b", patched.Labels["a"]);
        Assert.Equal("kube-public", patched.Labels["kubernetes.io/metadata.name"]);
    }

    [Fact]
    public async Task Delete_NamespaceOfTheLayerThatMayGo_GoesAndCanBeMadeAgain()
    {
        (_, KubeClient client) = await ClusterAsync("without-leases");
        string uid = (await client.GetAsync(ServerFixture.Namespaces, "", "kube-node-lease", ServerFixture.Token)).Uid;

        await client.DeleteAsync(ServerFixture.Namespaces, "", "kube-node-lease", null, ServerFixture.Token);
        await Eventually.TrueAsync(
            async () => await client.FindAsync(ServerFixture.Namespaces, "", "kube-node-lease", ServerFixture.Token) is null, "the namespace is gone", cancellationToken: ServerFixture.Token);
        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => client.CreateAsync(ServerFixture.ConfigMaps, "kube-node-lease", ServerFixture.ConfigMap("late"), ServerFixture.Token));
        Assert.True(refused.IsNotFound);

        KubeObject again = await client.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("kube-node-lease"), ServerFixture.Token);
        Assert.NotEqual(uid, again.Uid);
        await client.CreateAsync(ServerFixture.ConfigMaps, "kube-node-lease", ServerFixture.ConfigMap("early"), ServerFixture.Token);
    }

    [Fact]
    public async Task TwoClusters_SameObject_HasAUidOfEach()
    {
        (_, KubeClient one) = await ClusterAsync("one");
        (_, KubeClient two) = await ClusterAsync("two");

        string first = (await one.GetAsync(Accounts, "default", "default", ServerFixture.Token)).Uid;
        string second = (await two.GetAsync(Accounts, "default", "default", ServerFixture.Token)).Uid;
        string elsewhere = (await one.GetAsync(Accounts, "kube-system", "default", ServerFixture.Token)).Uid;

        Assert.Equal(first, (await one.GetAsync(Accounts, "default", "default", ServerFixture.Token)).Uid);
        Assert.Equal(3, new[] { first, second, elsewhere }.Distinct().Count());
        Assert.All([first, second, elsewhere], uid => Assert.True(Guid.TryParse(uid, out _)));
    }

    [Fact]
    public async Task Patch_AccountOfTheLayer_IsStoredAndKeepsItsUid()
    {
        (_, KubeClient client) = await ClusterAsync("patched");
        KubeObject before = await client.GetAsync(Accounts, "default", "default", ServerFixture.Token);
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["a"] = "b" } } };

        KubeObject patched = await client.PatchAsync(Accounts, "default", "default", PatchKind.Merge, patch, ServerFixture.Token);

        Assert.Equal(before.Uid, patched.Uid);
        Assert.Equal("b", patched.Labels["a"]);
        Assert.Equal("b", (await client.GetAsync(Accounts, "default", "default", ServerFixture.Token)).Labels["a"]);
        Assert.Single((await client.ListAsync(Accounts, "default", null, ServerFixture.Token)).Items);
    }

    [Theory]
    [InlineData("configmaps", "kube-root-ca.crt")]
    [InlineData("serviceaccounts", "default")]
    public async Task Delete_OfWhatEveryNamespaceHas_ComesBackAtOnceAsAnotherObject(string resource, string name)
    {
        (_, KubeClient client) = await ClusterAsync("deleted-" + resource);
        var kind = new GroupVersionResource("", "v1", resource);
        KubeObject first = await client.GetAsync(kind, "default", name, ServerFixture.Token);

        // 1. That of the layer, and then the one that was made in its place.
        await client.DeleteAsync(kind, "default", name, null, ServerFixture.Token);
        KubeObject second = await AnotherAsync(client, kind, "default", first);
        await client.DeleteAsync(kind, "default", name, null, ServerFixture.Token);
        KubeObject third = await AnotherAsync(client, kind, "default", second);
        Assert.NotEqual(first.Uid, third.Uid);
        Assert.Single((await client.ListAsync(kind, "default", null, ServerFixture.Token)).Items);
        Assert.Equal(4, (await client.ListAsync(kind, "", null, ServerFixture.Token)).Items.Count);

        // 2. In a namespace that somebody made, and not once that goes.
        await client.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("team"), ServerFixture.Token);
        KubeObject own = await Eventually.SomeAsync(() => client.FindAsync(kind, "team", name, ServerFixture.Token), "it comes with its namespace", cancellationToken: ServerFixture.Token);
        await client.DeleteAsync(kind, "team", name, null, ServerFixture.Token);
        await AnotherAsync(client, kind, "team", own);
        await client.DeleteAsync(ServerFixture.Namespaces, "", "team", null, ServerFixture.Token);
        await Eventually.TrueAsync(
            async () => await client.FindAsync(ServerFixture.Namespaces, "", "team", ServerFixture.Token) is null, "the namespace is gone", cancellationToken: ServerFixture.Token);
        Assert.Equal(4, (await client.ListAsync(kind, "", null, ServerFixture.Token)).Items.Count);
    }

    [Fact]
    public async Task Patch_OfTheCertificate_IsPutRightAtOnce()
    {
        (_, KubeClient client) = await ClusterAsync("overwritten");
        string told = (await client.GetAsync(ServerFixture.ConfigMaps, "default", "kube-root-ca.crt", ServerFixture.Token)).TextAt("data", "ca.crt")!;

        await client.PatchAsync(
            ServerFixture.ConfigMaps, "default", "kube-root-ca.crt", PatchKind.Merge, new JsonObject { ["data"] = new JsonObject { ["ca.crt"] = "another" } }, ServerFixture.Token);

        await Eventually.TrueAsync(
            async () => (await client.GetAsync(ServerFixture.ConfigMaps, "default", "kube-root-ca.crt", ServerFixture.Token)).TextAt("data", "ca.crt") == told, "it is put right", cancellationToken: ServerFixture.Token);
    }

    [Fact]
    public async Task List_InPages_ShowsEachOnceInOrder()
    {
        (_, KubeClient client) = await ClusterAsync("paged");
        foreach (string name in (string[])["a", "b", "l", "y", "z"])
        {
            await client.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap(name), ServerFixture.Token);
        }

        KubeList paged = await client.ListAsync(ServerFixture.ConfigMaps, "default", new ListQuery { PageSize = 2 }, ServerFixture.Token);

        Assert.Equal(["a", "b", "kube-root-ca.crt", "l", "y", "z"], paged.Items.Select(i => i.Name));
        Assert.Equal(9, (await client.ListAsync(ServerFixture.ConfigMaps, "", new ListQuery { PageSize = 2 }, ServerFixture.Token)).Items.Count);
    }

    [Fact]
    public async Task Token_OfAnAccountOfTheLayer_IsGoodUntilTheAccountIsMadeAgain()
    {
        (ClusterName cluster, KubeClient client) = await ClusterAsync("token");
        var request = new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = new JsonObject() };
        KubeObject answer = await client.CreateAsync(Accounts, "default", request, ServerFixture.Token, "default", "token");
        string token = answer.TextAt("status", "token")!;
        using var account = new KubeClient(fixture.Server.Config(token: token, cluster: cluster));
        var review = new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "SelfSubjectReview" };
        KubeObject who = await account.CreateAsync(new("authentication.k8s.io", "v1", "selfsubjectreviews"), "", review, ServerFixture.Token);
        Assert.Equal("system:serviceaccount:default:default", who.TextAt("status", "userInfo", "username"));

        await client.DeleteAsync(Accounts, "default", "default", null, ServerFixture.Token);

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => account.GetTextAsync("/version", ServerFixture.Token));
        Assert.Equal(401, refused.Code);
    }

    private async Task<(ClusterName Name, KubeClient Client)> ClusterAsync(string name)
    {
        ClusterName cluster = await fixture.ClusterAsync(name);
        return (cluster, fixture.Server.AdminOf(cluster));
    }

    private static Task<KubeObject> AnotherAsync(KubeClient client, GroupVersionResource resource, string ns, KubeObject than) => Eventually.SomeAsync(
        async () => await client.FindAsync(resource, ns, than.Name, ServerFixture.Token) is { } found && found.Uid != than.Uid ? found : null, $"another {than.Name}", cancellationToken: ServerFixture.Token);
}
