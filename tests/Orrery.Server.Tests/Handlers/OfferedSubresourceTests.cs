using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Handlers;
using Orrery.Testing;

namespace Orrery.Server.Tests.Handlers;

/// <summary>Subresources of the platform's own kinds lead out of the server: to data planes, in the name of whoever may ask for them in root.</summary>
public sealed class OfferedSubresourceTests
{
    private static readonly GroupResource DataPlanes = OrreryResources.DataPlanes.GroupResource;

    [Theory]
    [InlineData("proxy")]
    [InlineData("relay")]
    [InlineData("tunnel")]
    public async Task Dispatch_KindOfTheSameNameInAVirtualCluster_IsNotThatOfRoot(string subresource)
    {
        var handler = new Recorded(subresource);
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { SubresourceHandlers = [handler] }, ServerFixture.Token);
        await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("acme"), ServerFixture.Token);
        await server.Admin.CreateAsync(OrreryResources.LogicalClusters, "acme", ServerFixture.Named("shop"), ServerFixture.Token);
        var name = new ClusterName("acme", "shop");
        using KubeClient shop = server.AdminOf(name);
        using RawHttp http = new(server), ofShop = new(server, name);
        foreach (KubeClient cluster in (KubeClient[])[server.Admin, shop])
        {
            await cluster.CreateAsync(ServerFixture.Definitions, "", Definition(), ServerFixture.Token);
            await cluster.CreateAsync(OrreryResources.DataPlanes, "", new JsonObject { ["apiVersion"] = "orrery.dev/v1alpha1", ["kind"] = "DataPlane", ["metadata"] = new JsonObject { ["name"] = "pa2-par" } }, ServerFixture.Token);
        }

        using HttpResponseMessage there = await ofShop.SendAsync(HttpMethod.Get, $"/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/{subresource}");
        bool wasAsked = !handler.Asked.IsEmpty;
        using HttpResponseMessage here = await http.SendAsync(HttpMethod.Get, $"/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/{subresource}");

        Assert.False(wasAsked);
        Assert.Equal(404, (int)there.StatusCode);
        Assert.Equal(ClusterName.Root, Assert.Single(handler.Asked));
        Assert.Equal(200, (int)here.StatusCode);
    }

    private static JsonObject Definition() => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "dataplanes.orrery.dev" },
        ["spec"] = new JsonObject
        {
            ["group"] = "orrery.dev",
            ["scope"] = "Cluster",
            ["names"] = new JsonObject { ["plural"] = "dataplanes", ["kind"] = "DataPlane" },
            ["versions"] = new JsonArray(new JsonObject
            {
                ["name"] = "v1alpha1", ["served"] = true, ["storage"] = true,
                ["schema"] = new JsonObject { ["openAPIV3Schema"] = new JsonObject { ["type"] = "object", ["x-kubernetes-preserve-unknown-fields"] = true } },
            }),
        },
    };

    private sealed class Recorded(string subresource) : ISubresourceHandler
    {
        public ConcurrentQueue<ClusterName> Asked { get; } = new();

        public GroupResource Resource => DataPlanes;

        public string Subresource => subresource;

        public Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
        {
            Asked.Enqueue(target.Cluster);
            return Task.CompletedTask;
        }
    }
}
