using System.Net.Sockets;

namespace Orrery.Client;

/// <summary>The sockets of one connection pool, so that all of them can be closed at once. Safe for any number of threads.</summary>
public sealed class OpenSockets
{
    private readonly Lock gate = new();
    private readonly List<Socket> sockets = [];
    private bool isClosed;

    internal Socket Add(Socket socket)
    {
        lock (gate)
        {
            sockets.RemoveAll(s => s.SafeHandle.IsClosed);
            sockets.Add(socket);
            if (isClosed)
            {
                socket.Dispose();
            }
        }

        return socket;
    }

    /// <summary>Closes those that there are, and those that are still to come.</summary>
    internal void Close()
    {
        lock (gate)
        {
            isClosed = true;
            sockets.ForEach(s => s.Dispose());
            sockets.Clear();
        }
    }
}
