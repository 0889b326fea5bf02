using System.Net;
using System.Net.Sockets;

namespace Orrery.Testing;

/// <summary>Ports for processes that cannot take port zero and tell.</summary>
public static class FreePort
{
    /// <summary>A port of the loopback interface that was free a moment ago.</summary>
    public static int Take()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
