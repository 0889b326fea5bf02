using System.Net;
using Microsoft.AspNetCore.Builder;
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
        bool isReleased = false;
        await using WebApplication web = await StartAsync(http =>
        {
            isReleased = IdleHeaders.TryRelease(http);
            foreach (string? asked in http.Request.Query["header"])
            {
                http.Response.Headers.Append("X-Header", new string('h', int.Parse(asked!, System.Globalization.CultureInfo.InvariantCulture)));
            }

            return http.Response.WriteAsync("ok", Token);
        });
        using var client = new HttpClient(new SocketsHttpHandler { MaxResponseHeadersLength = 256 })
        {
            BaseAddress = new Uri(web.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First()),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        // None, several that fit, several that do not fit together, and one that fits in no frame.
        foreach (int[] lengths in (int[][])[[], [10, 300], [700, 700, 700], [5_000], [20_000, 40_000], [3]])
        {
            using HttpResponseMessage answer = await client.GetAsync("/?" + string.Join('&', lengths.Select(l => $"header={l}")), Token);
            Assert.True(isReleased);
            Assert.Equal(lengths, answer.Headers.TryGetValues("X-Header", out IEnumerable<string>? values) ? values.SelectMany(v => v.Split(", ")).Select(v => v.Length) : []);
            Assert.Equal("ok", await answer.Content.ReadAsStringAsync(Token));
        }
    }

    [Fact]
    public async Task TryRelease_OfARequestOverHttp1_SaysThatThereIsNothing()
    {
        bool? isReleased = null;
        await using WebApplication web = await StartAsync(
            http =>
            {
                isReleased = IdleHeaders.TryRelease(http);
                return Task.CompletedTask;
            },
            HttpProtocols.Http1);
        using var client = new HttpClient();
        using HttpResponseMessage answer = await client.GetAsync(web.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First(), Token);
        Assert.False(isReleased);
    }

    private static async Task<WebApplication> StartAsync(RequestDelegate answer, HttpProtocols protocols = HttpProtocols.Http2)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        WebApplication web = builder.Build();
        web.Run(answer);
        await web.StartAsync(Token);
        return web;
    }
}
