using System.Net;
using System.Net.Sockets;

namespace Orrery.Client.Tests.Http;

public sealed class AddressRaceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ConnectAsync_FirstAddressSwallowsEverything_TakesTheNext()
    {
        using Socket deaf = Listen(IPAddress.Parse("127.0.0.2"), 0, backlog: 0);
        int port = ((IPEndPoint)deaf.LocalEndPoint!).Port;
        using Socket well = Listen(IPAddress.Parse("127.0.0.3"), port, backlog: 10);
        List<Socket> fill = [];
        try
        {
            // Nobody accepts there: once its queue is full, what arrives is dropped, and the caller is told nothing.
            // Whether one is connected is asked of the system, which goes on while this process has no time.
            do
            {
                var one = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
                fill.Add(one);
                try
                {
                    one.Connect(deaf.LocalEndPoint!);
                }
                catch (SocketException begun) when (begun.SocketErrorCode == SocketError.WouldBlock)
                {
                    // Under way.
                }
            }
            while (fill.Count < 20 && fill[^1].Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectWrite));

            Assert.False(fill[^1].Poll(TimeSpan.Zero, SelectMode.SelectWrite), "an address that swallows everything");
            string asked = "";
            var race = new AddressRace((host, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse((asked = host).Length > 0 ? "127.0.0.2" : ""), IPAddress.Parse("127.0.0.3")]), TimeProvider.System);

            using Socket found = await race.ConnectAsync("control.example", port, Token);

            Assert.Equal("control.example", asked);
            Assert.Equal(well.LocalEndPoint, found.RemoteEndPoint);
        }
        finally
        {
            fill.ForEach(s => s.Dispose());
        }
    }

    [Fact]
    public async Task ConnectAsync_AddressMoves_IsAskedForEachConnection()
    {
        using Socket before = Listen(IPAddress.Parse("127.0.0.2"), 0, backlog: 10);
        int port = ((IPEndPoint)before.LocalEndPoint!).Port;
        using Socket after = Listen(IPAddress.Parse("127.0.0.3"), port, backlog: 10);
        var address = IPAddress.Parse("127.0.0.2");
        var race = new AddressRace((_, _) => Task.FromResult<IPAddress[]>([address]), TimeProvider.System);

        using Socket first = await race.ConnectAsync("control.example", port, Token);
        address = IPAddress.Parse("127.0.0.3");
        using Socket second = await race.ConnectAsync("control.example", port, Token);

        Assert.Equal((before.LocalEndPoint, after.LocalEndPoint), (first.RemoteEndPoint, second.RemoteEndPoint));
    }

    [Fact]
    public async Task ConnectAsync_NobodyListens_SaysSo()
    {
        using Socket taken = Listen(IPAddress.Parse("127.0.0.4"), 0, backlog: 1);
        var race = new AddressRace((_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3")]), TimeProvider.System);

        SocketException fault = await Assert.ThrowsAsync<SocketException>(() => race.ConnectAsync("control.example", ((IPEndPoint)taken.LocalEndPoint!).Port, Token));

        Assert.Equal(SocketError.ConnectionRefused, fault.SocketErrorCode);
    }

    [Fact]
    public void Alternate_TwoFamilies_TakesTurns()
    {
        IPAddress[] six = [IPAddress.Parse("2001:db8::1"), IPAddress.Parse("2001:db8::2")];
        var four = IPAddress.Parse("192.0.2.1");

        Assert.Equal([six[0], four, six[1]], AddressRace.Alternate([.. six, four]));
    }

    private static Socket Listen(IPAddress address, int port, int backlog)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, port));
        socket.Listen(backlog);
        return socket;
    }
}
