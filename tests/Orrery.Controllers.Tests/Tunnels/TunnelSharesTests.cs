using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Hub;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Tunnels;

public sealed class TunnelSharesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>One tenant follows all the logs that it may and more: the others of the data plane, and its operators, are answered as ever.</summary>
    [Fact]
    public async Task AskAsync_ManyOfOneTenant_LeavesRoomForTheOthers()
    {
        await using WebApplication satellite = await StartAsync();
        var hub = new TunnelHub(new TunnelHubOptions());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task held = HoldAsync(hub, satellite, stop.Token);
        await Eventually.TrueAsync(() => hub.Connected.Contains("pa2-par"), "the tunnel", cancellationToken: Token);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var followed = new TunnelRequest("pa2-par", "/followed", "pod \"web\" runs in", "jane") { Tenant = "acme", IsPatient = true };
        TunnelRequest read = followed with { Path = "/read" };

        Task[] following = [.. Enumerable.Range(0, TunnelShares.Most).Select(_ => hub.AskAsync(followed, new DefaultHttpContext(), gone.Token))];

        // 1. Its own next one is refused; nobody else's is.
        Assert.Equal(429, (await Assert.ThrowsAsync<StatusException>(() => hub.AskAsync(read, new DefaultHttpContext(), Token))).Code);
        await hub.AskAsync(read with { Tenant = "globex" }, new DefaultHttpContext(), Token);
        await hub.AskAsync(read with { Tenant = "" }, new DefaultHttpContext(), Token);

        // 2. What ends makes room again.
        await gone.CancelAsync();
        foreach (Task one in following)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        }

        await hub.AskAsync(read, new DefaultHttpContext(), Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => held);
    }

    private static async Task HoldAsync(TunnelHub hub, WebApplication satellite, CancellationToken cancellationToken)
    {
        var address = new Uri(satellite.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, address.Port, cancellationToken);
        await using var connection = new ObservedStream(new NetworkStream(socket), TimeProvider.System);
        await hub.HoldAsync("pa2-par", new TunnelCredential(new SatelliteUserName("pa2-par", null), "1", DateTimeOffset.MaxValue, ""), connection, connection, carrier: null, "here", cancellationToken);
    }

    /// <summary>Answers what is read, and never what is followed.</summary>
    private static async Task<WebApplication> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2)).ConfigureKestrel(kestrel => kestrel.Limits.Http2.MaxStreamsPerConnection = 1000);
        WebApplication web = builder.Build();
        web.Run(http => http.Request.Path == "/read"
            ? http.Response.WriteAsync("ok", http.RequestAborted)
            : Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted));
        await web.StartAsync();
        return web;
    }
}
