using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What <c>kubectl top</c> of a virtual cluster is answered: its own pods and nodes, as each data plane measures them.</summary>
public sealed class MetricsRoadTests
{
    private const string Group = "/apis/metrics.k8s.io/v1beta1";
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly ClusterName Globex = new("globex", "web");

    [Fact]
    public async Task Top_OverTwoDataPlanes_ShowsWhatStandsInTheVirtualClusterAlone()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane paris = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 2);
        await using SimulatedPlane york = await SimulatedPlane.JoinAsync(fleet, "ny8-nyc", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par", "ny8-nyc");
        KubeClient other = await fleet.AddVirtualClusterAsync(Globex, "pa2-par");
        await shop.CreateAsync(Deployments, "default", Web(), default);
        await other.CreateAsync(Deployments, "default", Web(), default);
        await StandAsync(shop, 4);
        await StandAsync(other, 2);
        await Eventually.TrueAsync(async () => (await NamesAsync(shop, CoreResources.Nodes)).Count() is 3 && (await NamesAsync(other, CoreResources.Nodes)).Count() is 2, "the nodes are known", TimeSpan.FromSeconds(60));

        // 1. It is discovered, and pods are measured wherever they run.
        await Eventually.TrueAsync(async () => (await shop.GetTextAsync("/apis", default)).Contains("metrics.k8s.io", StringComparison.Ordinal), "the group is discovered");
        JsonElement[] pods = await ItemsAsync(shop, $"{Group}/pods");
        Assert.Equal(await NamesAsync(shop, CoreResources.Pods), pods.Select(NameOf));
        Assert.All(pods, p => Assert.Equal(("default", "PodMetrics", "web"), (Meta(p, "namespace"), p.GetProperty("kind").GetString(), p.GetProperty("containers")[0].GetProperty("name").GetString())));
        Assert.All(pods, p => Assert.InRange(Quantity.Parse(p.GetProperty("containers")[0].GetProperty("usage").GetProperty("cpu").GetString()!).MilliValue, 10, 60));
        Assert.Equal(2, (await ItemsAsync(other, $"{Group}/namespaces/default/pods")).Length);
        Assert.Empty(await ItemsAsync(other, $"{Group}/namespaces/kube-system/pods"));

        // 2. Selectors are of the virtual cluster, one pod is asked of its own data plane.
        Assert.All(await ItemsAsync(shop, $"{Group}/pods?labelSelector=orrery.dev%2Fdata-plane%3Dny8-nyc"), p => Assert.EndsWith(".ny8-nyc", NameOf(p), StringComparison.Ordinal));
        JsonElement one = await shop.SendJsonAsync(HttpMethod.Get, $"{Group}/namespaces/default/pods/{NameOf(pods[0])}", null, default);
        Assert.Equal(pods[0].GetProperty("containers").GetRawText(), one.GetProperty("containers").GetRawText());
        Assert.Equal((404, "podmetrics.metrics.k8s.io \"default/nobody\" not found"), await RefusedAsync(shop, $"{Group}/namespaces/default/pods/nobody"));

        // 3. Nodes under the names that they have there.
        Assert.Equal(await NamesAsync(shop, CoreResources.Nodes), (await ItemsAsync(shop, $"{Group}/nodes")).Select(NameOf));
        Assert.Equal(2, (await ItemsAsync(other, $"{Group}/nodes")).Length);
        Assert.Equal(405, (await Assert.ThrowsAsync<StatusException>(() => shop.SendJsonAsync(HttpMethod.Delete, $"{Group}/nodes/x", null, default))).Code);

        // 4. As kubectl get prints them: through the tunnel, and in the data plane itself.
        foreach ((KubeClient cluster, string resource, IEnumerable<string> names) in new[]
        {
            (shop, "pods", pods.Select(NameOf)), (shop, "nodes", await NamesAsync(shop, CoreResources.Nodes)), (york.Client, "nodes", await NamesAsync(york.Client, CoreResources.Nodes)),
        })
        {
            JsonElement table = await cluster.GetTableAsync(new GroupVersionResource("metrics.k8s.io", "v1beta1", resource), "", default);
            Assert.Equal(["Name", "cpu", "memory", "Window"], table.GetProperty("columnDefinitions").EnumerateArray().Select(c => c.GetProperty("name").GetString()));
            JsonElement[] rows = [.. table.GetProperty("rows").EnumerateArray()];
            Assert.Equal(names, rows.Select(r => r.GetProperty("cells")[0].GetString()));
            Assert.Equal(names, rows.Select(r => NameOf(r.GetProperty("object"))));
            Assert.All(rows, r => Assert.True(Quantity.Parse(r.GetProperty("cells")[1].GetString()!) > Quantity.Zero && r.GetProperty("cells")[2].GetString()!.EndsWith('i')));
            Assert.All(rows, r => Assert.Equal("15s", r.GetProperty("cells")[3].GetString()));
        }

        // 5. RBAC of the virtual cluster decides.
        using var jane = new KubeClient(fleet.ControlPlane.Config(token: fleet.ControlPlane.Token("jane", [], TestFleet.Shop), cluster: TestFleet.Shop));
        Assert.Equal(403, (await RefusedAsync(jane, $"{Group}/nodes")).Code);
    }

    [Fact]
    public async Task Top_OfADataPlaneThatIsAway_NamesItAndShowsTheOthers()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane paris = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        SimulatedPlane york = await SimulatedPlane.JoinAsync(fleet, "ny8-nyc", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par", "ny8-nyc");
        await shop.CreateAsync(Deployments, "default", Web(), default);
        await StandAsync(shop, 4);
        string gone = (await NamesAsync(shop, CoreResources.Pods)).First(n => n.EndsWith(".ny8-nyc", StringComparison.Ordinal));
        await york.DisposeAsync();

        await Eventually.TrueAsync(async () => (await AskAsync(shop, $"{Group}/namespaces/default/pods/{gone}")).Item1 != 200, "its satellite is gone", TimeSpan.FromSeconds(60));
        (int code, string message) = await AskAsync(shop, $"{Group}/namespaces/default/pods/{gone}");
        Assert.Equal(503, code);
        Assert.Contains($"pod \\\"{gone}\\\" runs in data plane \\\"ny8-nyc\\\"", message, StringComparison.Ordinal);

        using HttpResponseMessage some = await shop.ForwardAsync(HttpMethod.Get, $"{Group}/namespaces/default/pods", [], upgrade: false, default);
        Assert.Contains("data plane \\\"ny8-nyc\\\"", some.Headers.GetValues("Warning").Single(), StringComparison.Ordinal);
        Assert.Equal(2, JsonDocument.Parse(await some.Content.ReadAsStringAsync()).RootElement.GetProperty("items").GetArrayLength());
    }

    private static async Task<(int, string)> AskAsync(KubeClient cluster, string path)
    {
        using HttpResponseMessage answer = await cluster.ForwardAsync(HttpMethod.Get, path, [], upgrade: false, default);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Top_WhereNothingIsMeasured_IsNotThere()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");

        Assert.DoesNotContain("metrics.k8s.io", await shop.GetTextAsync("/apis", default), StringComparison.Ordinal);
        Assert.Equal(404, (await RefusedAsync(shop, $"{Group}/nodes")).Code);
        Assert.Equal(404, (await RefusedAsync(fleet.Root, $"{Group}/nodes")).Code);
    }

    private static async Task StandAsync(KubeClient cluster, int pods) => await Eventually.TrueAsync(
        async () => (await cluster.ListAsync(CoreResources.Pods, "default", null, default)).Items.Count(p => Conditions.IsTrue(p, "Ready")) == pods, $"{pods} pods are ready", TimeSpan.FromSeconds(60));

    private static async Task<JsonElement[]> ItemsAsync(KubeClient cluster, string path) =>
        [.. (await cluster.SendJsonAsync(HttpMethod.Get, path, null, default)).GetProperty("items").EnumerateArray()];

    private static async Task<IEnumerable<string>> NamesAsync(KubeClient cluster, GroupVersionResource resource) =>
        (await cluster.ListAsync(resource, "", null, default)).Items.Select(o => o.Name).Order(StringComparer.Ordinal);

    private static string NameOf(JsonElement item) => Meta(item, "name");

    private static string Meta(JsonElement item, string member) => item.GetProperty("metadata").GetProperty(member).GetString()!;

    private static async Task<(int Code, string Message)> RefusedAsync(KubeClient client, string path)
    {
        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => client.SendJsonAsync(HttpMethod.Get, path, null, default));
        return (refused.Code, refused.Message);
    }

    private static JsonObject Web() => JsonNode.Parse("""
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
         "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
                  "template": {"metadata": {"labels": {"app": "web"}},
                               "spec": {"containers": [{"name": "web", "image": "example.test/web:1", "resources": {"requests": {"cpu": "100m", "memory": "100Mi"}}}]}}}}
        """)!.AsObject();
}
