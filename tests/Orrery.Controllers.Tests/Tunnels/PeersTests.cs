using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Hub;
using Orrery.Server.Authentication;
using Orrery.Server.Security;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Tunnels;

public sealed class PeersTests
{
    private static readonly GroupVersionResource Leases = new("coordination.k8s.io", "v1", "leases");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>What a server left behind before it was started again is swept at some time: what goes to its successor must not end by that.</summary>
    [Fact]
    public async Task RouteTo_TheFormerLeaseOfThatAddressGoes_StillReachesIt()
    {
        await using TestServer server = await TestServer.StartAsync(cancellationToken: Token);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var peers = new Peers(server.Admin, server.Config(server.Certificate("test-server", [UserGroups.Masters], ClusterScope.All)), new TunnelHubOptions());
        Task running = peers.RunAsync(stop.Token);
        await RegisterAsync(server, "former", server.Url);
        await RegisterAsync(server, "present", server.Url);
        await RegisterAsync(server, "other", new Uri("https://127.0.0.1:9"));
        await Eventually.TrueAsync(() => peers.RouteTo("former") is not null && peers.RouteTo("present") is not null && peers.RouteTo("other") is not null, "all are known", cancellationToken: Token);
        Assert.Equal([true, false, false], new[] { "former", "other", "nobody" }.Select(s => peers.IsAt(s, server.Url)));
        ITunnelRoute route = peers.RouteTo("present")!;

        // One after the other: once the second is known to have gone, all was done about the first.
        await ForgetAsync(server, peers, "former");
        await ForgetAsync(server, peers, "other");

        using HttpResponseMessage answer = await route.SendAsync(new TunnelRequest("nowhere", "/readyz", "", "somebody"), new DefaultHttpContext(), Token);
        Assert.Equal(404, (int)answer.StatusCode);
        await stop.CancelAsync();
        await Task.WhenAny(running);
    }

    private static async Task ForgetAsync(TestServer server, Peers peers, string name)
    {
        await server.Admin.DeleteAsync(Leases, OrreryNames.ServerNamespace, OrreryNames.ServerLeasePrefix + name, null, Token);
        await Eventually.TrueAsync(() => peers.RouteTo(name) is null, $"{name} has gone", cancellationToken: Token);
    }

    private static Task RegisterAsync(TestServer server, string name, Uri address) => server.Admin.CreateAsync(Leases, OrreryNames.ServerNamespace, new JsonObject
    {
        ["apiVersion"] = Leases.ApiVersion,
        ["kind"] = "Lease",
        ["metadata"] = new JsonObject
        {
            ["name"] = OrreryNames.ServerLeasePrefix + name,
            ["labels"] = new JsonObject { [OrreryNames.ServerLabel] = name },
            ["annotations"] = new JsonObject { [OrreryNames.AddressAnnotation] = address.GetLeftPart(UriPartial.Authority) },
        },
    }, Token);
}
