using System.IO.Pipelines;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Hub;
using Orrery.Server.Transport.Sockets;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Tunnels;

public sealed class TunnelLooksTests : IDisposable
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Step = Heartbeat / 4;

    private readonly ManualTime time = new();
    private readonly Carrier carrier = new();
    private readonly ObservedStream heard;
    private readonly Tunnel tunnel;
    private readonly TunnelLooks looks;

    public TunnelLooksTests()
    {
        heard = new ObservedStream(new MemoryStream(new byte[100]), time);
        tunnel = new Tunnel("a", new TunnelCredential(new SatelliteUserName("a", null), "", DateTimeOffset.MaxValue, ""), new Pipe().Reader.AsStream(), heard, Heartbeat, time) { Carrier = carrier };
        looks = new TunnelLooks(Heartbeat, time);
        looks.Opened(tunnel);
    }

    [Theory]
    [InlineData(false, 12)]
    [InlineData(true, 3)]
    public async Task Look_OneThatBeats_IsLookedAtEachTimeUnlessItRests(bool isResting, int asked)
    {
        carrier.IsResting = isResting;
        for (int look = 0; look < 12; look++)
        {
            if (look % 4 == 0)
            {
                await BeatAsync();
            }

            time.Advance(Step);
            looks.Look();
        }

        Assert.Equal(asked, carrier.Asked);
        Assert.False(tunnel.IsGivenUp);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(true, 1)]
    [InlineData(true, 3)]
    public async Task Look_OneThatIsSilent_IsGivenUpAsSoonAsItHasBeenForTwoBeats(bool isResting, int before)
    {
        carrier.IsResting = isResting;
        for (int look = 0; look < before; look++)
        {
            time.Advance(Step);
            looks.Look();
        }

        await BeatAsync();
        for (int look = 0; look < 8; look++)
        {
            time.Advance(Step);
            looks.Look();
        }

        Assert.False(tunnel.IsGivenUp);
        time.Advance(Step);
        looks.Look();
        Assert.True(tunnel.IsGivenUp);
    }

    [Fact]
    public async Task Look_OneThatRestsNoMore_RestsAgainWithinABeat()
    {
        carrier.IsResting = true;
        await BeatAsync();
        time.Advance(Step);
        looks.Look();
        carrier.IsResting = false;
        for (int look = 0; look < 4; look++)
        {
            time.Advance(Step);
            looks.Look();
        }

        Assert.Equal(2, carrier.Asked);
        time.Advance(Step);
        looks.Look();
        Assert.Equal(3, carrier.Asked);
    }

    [Fact]
    public async Task Look_OneThatIsClosed_IsNotAskedAnyMore()
    {
        await tunnel.DisposeAsync();
        time.Advance(Step);
        looks.Look();

        Assert.Equal(0, carrier.Asked);
    }

    public void Dispose() => heard.Dispose();

    private async Task BeatAsync() => Assert.Equal(1, await heard.ReadAsync(new byte[1], TestContext.Current.CancellationToken));

    private sealed class Carrier : IRestingConnection
    {
        public bool IsResting { get; set; }

        /// <summary>How often it was told that it may rest.</summary>
        public int Asked { get; private set; }

        public ISignsOfLife Signs => throw new NotSupportedException();

        public void MayRest() => Asked++;
    }
}
