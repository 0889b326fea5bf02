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
using Microsoft.Extensions.Logging;
using Orrery.Server.Transport;
using Orrery.Server.Transport.Sockets;
using Orrery.Testing;

namespace Orrery.Server.Tests.Transport;

public sealed class ConnectionLooksTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly ManualTime time = new();
    private readonly RecordingLoggers loggers = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Before_AConnection_IsLookedAtEveryFiveSecondsUntilItEnds()
    {
        using ConnectionLooks looks = Create();
        int looked = 0;
        var over = new TaskCompletionSource();
        Task connection = Open(looks, _ => looked++, over.Task);

        time.Advance(Interval - TimeSpan.FromSeconds(1));
        Assert.Equal(0, looked);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, looked);
        time.Advance(Interval);
        Assert.Equal(2, looked);

        over.SetResult();
        await connection;
        time.Advance(Interval);
        Assert.Equal(2, looked);
        Assert.Equal(0, looks.Waiting);
    }

    [Fact]
    public async Task Before_AConnectionThatRests_IsLookedAtEveryFiveMinutes()
    {
        using ConnectionLooks looks = Create();
        var resting = new Resting();
        int looked = 0, others = 0;
        looks.Also = () => others++;
        var over = new TaskCompletionSource();
        Task connection = Open(looks, _ => looked++, over.Task, resting);

        Look(5);
        Assert.Equal((5, 0), (looked, others));
        resting.IsResting = true;
        Look(54);
        Assert.Equal((5, 9), (looked, others));
        Look(1);
        Assert.Equal((6, 10), (looked, others));
        Look(59);
        Assert.Equal(6, looked);
        Look(1);
        Assert.Equal(7, looked);
        resting.IsResting = false;
        Look(2);
        Assert.Equal(9, looked);

        over.SetResult();
        await connection;

        void Look(int times)
        {
            for (int i = 0; i < times; i++)
            {
                time.Advance(Interval);
            }
        }
    }

    [Fact]
    public async Task Before_AConnectionThatCannotBeLookedAt_KeepsNoOtherFromIt()
    {
        using ConnectionLooks looks = Create();
        var looked = new int[3];
        var over = new TaskCompletionSource();
        Task[] connections =
        [
            Open(looks, _ => looked[0]++, over.Task),
            Open(looks, _ => throw new InvalidOperationException("broken"), over.Task),
            Open(looks, _ => looked[2]++, over.Task),
        ];
        time.Advance(Interval);

        Assert.Equal([1, 0, 1], looked);
        Assert.Equal(["a connection could not be looked at; the others are"], loggers.Lines);
        over.SetResult();
        await Task.WhenAll(connections);
    }

    /// <summary>Fails where the framework looks at connections by itself again.</summary>
    [Fact]
    public async Task Before_AConnectionOfTheFramework_IsLookedAtHere()
    {
        using ConnectionLooks looks = Create();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.Use(looks.Before);
        }));
        await using WebApplication web = builder.Build();
        web.Run(http => http.Response.WriteAsync(looks.Waiting.ToString(System.Globalization.CultureInfo.InvariantCulture), Token));
        await web.StartAsync(Token);
        using var client = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        string address = web.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();

        Assert.Equal("1", await client.GetStringAsync(address, Token));
        time.Advance(Interval);
        Assert.Equal("1", await client.GetStringAsync(address, Token));
        Assert.Empty(loggers.Lines);
    }

    /// <summary>What is slow for <paramref name="grace"/> and slower than a look finds exactly is found by the look after, in what the framework counts: a second a look.</summary>
    [Theory]
    [InlineData(5, 1.5, 600)]
    [InlineData(7, 2.5, 800)]
    [InlineData(2, 1.5, 600)]
    public void BePatient_OfTheFrameworksLimits_SaysThemInWhatIsCounted(int grace, double counted, double rate)
    {
        var limits = new KestrelServerLimits { MinResponseDataRate = new MinDataRate(240, TimeSpan.FromSeconds(grace)), MinRequestBodyDataRate = null };
        ConnectionLooks.BePatient(limits);
        Assert.Equal((rate, TimeSpan.FromSeconds(counted)), (limits.MinResponseDataRate!.BytesPerSecond, limits.MinResponseDataRate.GracePeriod));
        Assert.Null(limits.MinRequestBodyDataRate);
    }

    private static Task Open(ConnectionLooks looks, Action<object> look, Task over, IRestingConnection? resting = null)
    {
        var opened = new DefaultConnectionContext("c");
        opened.Features.Set(resting);
        return looks.Before(connection =>
        {
            connection.Features.GetRequiredFeature<IConnectionHeartbeatFeature>().OnHeartbeat(look, connection);
            return over;
        })(opened);
    }

    private ConnectionLooks Create() => new(time, loggers.CreateLogger<ConnectionLooks>());

    private sealed class Resting : IRestingConnection
    {
        public ISignsOfLife Signs => throw new NotSupportedException();

        public bool IsResting { get; set; }

        public void MayRest() => IsResting = true;
    }
}
