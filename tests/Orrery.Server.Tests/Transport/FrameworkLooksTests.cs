using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Orrery.Server.Transport;

namespace Orrery.Server.Tests.Transport;

public sealed class FrameworkLooksTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Fails where the framework has changed so that it passes by all connections every second again.</summary>
    [Fact]
    public async Task Take_OfTheFrameworksServer_LooksOnlyWhenItIsAskedTo()
    {
        int looked = 0;
        await using WebApplication web = Build(() => Interlocked.Increment(ref looked));
        IServer server = web.Services.GetRequiredService<IServer>();
        Action? look = FrameworkLooks.Take(server);
        Assert.NotNull(look);
        await web.StartAsync(Token);
        using var client = new HttpClient();
        string address = server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();

        // By the framework's own clock, which tells the date of answers as well: that goes on.
        using HttpResponseMessage first = await client.GetAsync(address, Token);
        DateTimeOffset began = first.Headers.Date!.Value, now = began;
        while (now - began < TimeSpan.FromSeconds(2))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Token);
            using HttpResponseMessage next = await client.GetAsync(address, Token);
            now = next.Headers.Date!.Value;
        }

        Assert.Equal(0, Volatile.Read(ref looked));
        look();
        Assert.Equal(1, Volatile.Read(ref looked));
    }

    [Fact]
    public void Take_OfAnotherServer_LeavesItAlone() => Assert.Null(FrameworkLooks.Take(new OtherServer()));

    private static WebApplication Build(Action look)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Use(next => connection =>
        {
            // As somebody would who is known to the framework.
            connection.Features.GetRequiredFeature<IConnectionHeartbeatFeature>().OnHeartbeat(_ => look(), connection);
            return next(connection);
        })));
        WebApplication web = builder.Build();
        web.Run(http => http.Response.WriteAsync("here", Token));
        return web;
    }
}
