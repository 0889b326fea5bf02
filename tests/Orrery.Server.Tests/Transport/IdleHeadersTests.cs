using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Orrery.Server.Transport;

namespace Orrery.Server.Tests.Transport;

public sealed class IdleHeadersTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Fails where the framework has changed so that idle connections keep their memory again.</summary>
    [Fact]
    public async Task TryRelease_OfAConnection_HoldsAndHeadersOfAnyLengthGoOn()
    {
        var released = new List<bool>();
        await using WebApplication web = await StartAsync(Answer, released.Add);
        using var client = new HttpClient(new SocketsHttpHandler { MaxResponseHeadersLength = 256 })
        {
            BaseAddress = AddressOf(web),
        };

        // None, several that fit, several that do not fit together, and one that fits in no frame.
        foreach (int[] lengths in (int[][])[[], [10, 300], [700, 700, 700], [5_000], [20_000, 40_000], [3]])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/?" + string.Join('&', lengths.Select(l => $"header={l}"))) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            request.Headers.Add("X-Asked", new string('q', Math.Min(lengths.Sum(), 10_000)));
            using HttpResponseMessage answer = await client.SendAsync(request, Token);
            Assert.Equal(lengths, answer.Headers.TryGetValues("X-Header", out IEnumerable<string>? values) ? values.SelectMany(v => v.Split(", ")).Select(v => v.Length) : []);
            Assert.Equal(request.Headers.GetValues("X-Asked").Single(), await answer.Content.ReadAsStringAsync(Token));
        }

        Assert.Equal([true], released);
    }

    [Fact]
    public async Task TryRelease_OfAConnectionOfHttp1_SaysThatThereIsNothing()
    {
        var released = new List<bool>();
        await using WebApplication web = await StartAsync(Answer, released.Add, HttpProtocols.Http1);
        using var client = new HttpClient();
        using HttpResponseMessage answer = await client.GetAsync(AddressOf(web), Token);
        Assert.Equal([false], released);
    }

    /// <summary>The whole way, as the server has it.</summary>
    [Fact]
    public async Task Before_OfAConnection_LetsItAlsoBeLookedAt()
    {
        var looks = new List<object>();
        await using WebApplication web = await StartAsync(Answer, looks.Add, use: IdleHeaders.Before);
        using var client = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using HttpResponseMessage answer = await client.GetAsync(AddressOf(web), Token);
        Assert.Single(looks);
    }

    private static Task Answer(HttpContext http)
    {
        foreach (string? asked in http.Request.Query["header"])
        {
            http.Response.Headers.Append("X-Header", new string('h', int.Parse(asked!, CultureInfo.InvariantCulture)));
        }

        return http.Response.WriteAsync(http.Request.Headers["X-Asked"].ToString(), Token);
    }

    private static Uri AddressOf(WebApplication web) => new(web.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());

    /// <param name="tell">Whether a connection let go of its memory.</param>
    private static async Task<WebApplication> StartAsync(
        RequestDelegate answer, Action<bool> tell, HttpProtocols protocols = HttpProtocols.Http2) =>
        await StartAsync(answer, connection => tell(IdleHeaders.TryRelease(connection)), next => next, protocols);

    private static async Task<WebApplication> StartAsync(RequestDelegate answer, Action<object> look, Func<ConnectionDelegate, ConnectionDelegate> use, HttpProtocols protocols = HttpProtocols.Http2)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            listen.Use(next => connection =>
            {
                connection.Features.Set<IConnectionHeartbeatFeature>(new Looks(look));
                return next(connection);
            });
            listen.Use(use);
        }));
        WebApplication web = builder.Build();
        web.Run(answer);
        await web.StartAsync(Token);
        return web;
    }

    private sealed class Looks(Action<object> look) : IConnectionHeartbeatFeature
    {
        public void OnHeartbeat(Action<object> action, object state) => look(state);
    }
}
