using System.Buffers;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Orrery.Server.Transport.Sockets;

/// <summary>Gives a socket all pieces of what is to be said in one call to the system.</summary>
internal static class SocketSending
{
    [ThreadStatic]
    private static List<ArraySegment<byte>>? segments;

    /// <returns>Bytes that the socket took, without waiting.</returns>
    public static int Send(Socket socket, ReadOnlySequence<byte> left, out SocketError error)
    {
        if (left.IsSingleSegment || !MemoryMarshal.TryGetArray(left.First, out _))
        {
            return socket.Send(left.FirstSpan, SocketFlags.None, out error);
        }

        List<ArraySegment<byte>> all = segments ??= [];
        try
        {
            foreach (ReadOnlyMemory<byte> piece in left)
            {
                if (!MemoryMarshal.TryGetArray(piece, out ArraySegment<byte> segment))
                {
                    break;
                }

                all.Add(segment);
            }

            return socket.Send(all, SocketFlags.None, out error);
        }
        finally
        {
            all.Clear();
        }
    }
}
