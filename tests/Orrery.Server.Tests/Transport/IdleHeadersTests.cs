using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
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
    private const byte Headers = 1, Settings = 4, Continuation = 9;
    private const byte EndStream = 1, EndHeaders = 4;

    /// <summary>Eight times the letter a in the code of HPACK, five bits each (RFC 7541, appendix B).</summary>
    private static readonly byte[] EightLetters = [0x18, 0xC6, 0x31, 0x8C, 0x63];

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

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task TryRelease_RequestWithLongHeaders_IsReadWhetherCompressedOrInPieces(bool isCompressed, bool isInPieces)
    {
        var seen = new List<string>();
        var all = new TaskCompletionSource();
        int[] lengths = [8, 800, 80, 8_000];
        await using WebApplication web = await StartAsync(
            http =>
            {
                lock (seen)
                {
                    seen.Add(http.Request.Headers["x-asked"].ToString());
                    if (seen.Count == lengths.Length)
                    {
                        all.SetResult();
                    }
                }

                return Task.CompletedTask;
            },
            _ => { });
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, AddressOf(web).Port, Token);
        await socket.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), Token);
        await socket.SendAsync(Frame(Settings, 0, 0, []), Token);
        for (int i = 0; i < lengths.Length; i++)
        {
            byte[] block = Block(lengths[i], isCompressed);
            int first = isInPieces ? block.Length - 4 : block.Length;
            await socket.SendAsync(Frame(Headers, (byte)(EndStream | (isInPieces ? 0 : EndHeaders)), 1 + (2 * i), block[..first]), Token);
            if (isInPieces)
            {
                await socket.SendAsync(Frame(Continuation, EndHeaders, 1 + (2 * i), block[first..]), Token);
            }
        }

        await all.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);

        Assert.Equal(lengths.Select(l => new string('a', l)).Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
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

    /// <summary>A request for the root, with a header of so many letters.</summary>
    private static byte[] Block(int length, bool isCompressed)
    {
        byte[] value = isCompressed ? [.. Enumerable.Repeat(EightLetters, length / 8).SelectMany(e => e)] : [.. Enumerable.Repeat((byte)'a', length)];
        return [0x82, 0x86, 0x84, 0x41, 9, .. "localhost"u8, 0x00, 7, .. "x-asked"u8, .. Number(value.Length, isCompressed ? 0x80 : 0), .. value];
    }

    /// <summary>An integer with a prefix of seven bits (RFC 7541, section 5.1).</summary>
    private static byte[] Number(int value, int flag)
    {
        if (value < 127)
        {
            return [(byte)(flag | value)];
        }

        var bytes = new List<byte> { (byte)(flag | 127) };
        int left = value - 127;
        for (; left >= 128; left /= 128)
        {
            bytes.Add((byte)(128 | (left % 128)));
        }

        return [.. bytes, (byte)left];
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        byte[] frame = [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, 0, .. payload];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        return frame;
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
