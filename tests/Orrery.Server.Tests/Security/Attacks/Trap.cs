using System.Net;
using System.Net.Sockets;

namespace Orrery.Server.Tests.Security.Attacks;

/// <summary>Something on this machine that nobody may reach: it counts who does.</summary>
internal sealed class Trap : IDisposable
{
    private readonly Socket listener = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
    private int connections;

    public Trap()
    {
        // Every address of the loopback interface, in both families; nobody outside can come here by them.
        listener.Bind(new IPEndPoint(IPAddress.Loopback.MapToIPv6(), 0));
        listener.Listen();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndPoint!).Port;

    public int Connections => Volatile.Read(ref connections);

    public void Dispose() => listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using Socket caught = await listener.AcceptAsync();
                Interlocked.Increment(ref connections);
            }
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // The trap was taken away.
        }
    }
}
