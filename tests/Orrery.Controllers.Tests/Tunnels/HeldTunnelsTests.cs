using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Hub;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Tunnels;

public sealed class HeldTunnelsTests
{
    private readonly ManualTime time = new();
    private readonly HeldTunnels held = new();

    [Fact]
    public void Of_OneThatHasRenewedItsCertificate_HasBothUntilTheFormerGoes()
    {
        Tunnel former = Make("a"), present = Make("a"), other = Make("b");
        held.Add(former);
        held.Add(other);
        held.Add(present);
        Assert.Equal([former, present], held.Of("a"));
        Assert.Equal(3, held.All.Length);

        held.Remove(former);
        held.Remove(former);
        Assert.Equal([present], held.Of("a"));
        Assert.Equal(2, held.Count);

        held.Remove(present);
        Assert.Empty(held.Of("a"));
        Assert.Equal([other], held.All);
        Assert.Equal(1, held.Count);
    }

    private Tunnel Make(string dataPlane) =>
        new(dataPlane, new TunnelCredential(new SatelliteUserName(dataPlane, null), "", DateTimeOffset.MaxValue, ""), Stream.Null, new ObservedStream(Stream.Null, time), TimeSpan.FromSeconds(10), time);
}
