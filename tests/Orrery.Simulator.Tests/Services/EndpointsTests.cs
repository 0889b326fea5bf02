using System.Text.Json;
using Orrery.Api;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Tests.Support;
using Orrery.Testing;

namespace Orrery.Simulator.Tests.Services;

public sealed class EndpointsTests
{
    private const string Service = """
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: default}
        spec: {type: LoadBalancer, selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
        """;

    [Fact]
    public async Task Service_WithReadyPods_ListsTheirAddresses()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Services, Service);
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 2));
        IReadOnlyList<KubeObject> pods = await plane.UntilPodsAsync("app=web", p => p.Count == 2 && p.All(x => x.IsReadyPod), "2 ready");

        KubeObject slice = await Eventually.SomeAsync(
            async () => (await plane.ListAsync(Known.EndpointSlices, "kubernetes.io/service-name=web")).FirstOrDefault(s => Ready(s).Count == 2), "2 ready endpoints");

        Assert.Equal(pods.Select(p => p.TextAt("status", "podIP")).Order(), Ready(slice).Order());
        Assert.Equal(8080, slice.At("ports")!.Value[0].GetProperty("port").GetInt32());
        KubeObject endpoints = await plane.UntilAsync(Known.Endpoints, "web", e => e.At("subsets") is { } s && s[0].TryGetProperty("addresses", out JsonElement a) && a.GetArrayLength() == 2, "2 addresses");
        Assert.Equal("http", endpoints.At("subsets")!.Value[0].GetProperty("ports")[0].GetProperty("name").GetString());
        await plane.UntilAsync(Known.Services, "web", s => s.At("status", "loadBalancer", "ingress") is not null, "an address");

        await plane.PatchAsync(Known.Deployments, "web", """{"spec":{"replicas":0}}""");
        await Eventually.TrueAsync(
            async () => (await plane.ListAsync(Known.EndpointSlices, "kubernetes.io/service-name=web")).All(s => s.At("endpoints") is null or { ValueKind: JsonValueKind.Array } && Ready(s).Count == 0), "no endpoints");
        await plane.Client.DeleteAsync(Known.Services, "default", "web", null, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(
            async () => await plane.FindAsync(Known.Endpoints, "web") is null && (await plane.ListAsync(Known.EndpointSlices, "kubernetes.io/service-name=web")).Count == 0, "gone with the Service");
    }

    private static List<string?> Ready(KubeObject slice) =>
        slice.At("endpoints") is not { } all ? [] : [.. all.EnumerateArray().Where(e => e.GetProperty("conditions").GetProperty("ready").GetBoolean()).Select(e => e.GetProperty("addresses")[0].GetString())];
}
