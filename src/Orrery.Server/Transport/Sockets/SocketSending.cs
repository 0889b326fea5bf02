using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Orrery.Server.Transport.Sockets;

/// <summary>Gives a socket what is to be said in one call to the system (<c>sendmsg(2)</c>), of which nothing is left to collect: the framework makes two arrays for each.</summary>
internal static partial class SocketSending
{
    /// <summary>So many pieces at a time.</summary>
    private const int Most = 64;

    /// <summary><c>MSG_DONTWAIT</c> and <c>MSG_NOSIGNAL</c>.</summary>
    private const int NoWait = 0x40 | 0x4000;

    private const int Interrupted = 4, Again = 11;

    /// <returns>Bytes that the socket took, without waiting; it may be fewer than there are also where it would take more.</returns>
    public static int Send(Socket socket, ReadOnlySequence<byte> left, out SocketError error)
    {
        if (left.IsSingleSegment)
        {
            return socket.Send(left.FirstSpan, SocketFlags.None, out error);
        }

        Span<Piece> pieces = stackalloc Piece[Most];
        var pins = default(Pins);
        int count = 0;
        try
        {
            foreach (ReadOnlyMemory<byte> piece in left)
            {
                if (count == Most)
                {
                    break;
                }

                pins[count] = piece.Pin();
                pieces[count] = Piece.Of(pins[count], piece.Length);
                count++;
            }

            return Send(socket, pieces[..count], left.FirstSpan, out error);
        }
        finally
        {
            foreach (ref MemoryHandle pin in pins[..count])
            {
                pin.Dispose();
            }
        }
    }

    private static unsafe int Send(Socket socket, Span<Piece> pieces, ReadOnlySpan<byte> first, out SocketError error)
    {
        fixed (Piece* start = pieces)
        {
            var message = new Message { Pieces = start, Count = (nuint)pieces.Length };
            nint sent;
            do
            {
                sent = Send(socket.SafeHandle, &message, NoWait);
            }
            while (sent < 0 && Marshal.GetLastPInvokeError() == Interrupted);

            if (sent >= 0)
            {
                error = SocketError.Success;
                return (int)sent;
            }

            if (Marshal.GetLastPInvokeError() == Again)
            {
                error = SocketError.WouldBlock;
                return 0;
            }

            // Asked by itself, the framework says what is wrong.
            return socket.Send(first, SocketFlags.None, out error);
        }
    }

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static unsafe partial nint Send(SafeSocketHandle socket, Message* message, int flags);

    /// <summary><c>struct iovec</c>.</summary>
    private readonly struct Piece
    {
        private readonly nint start;
        private readonly nint length;

        private Piece(nint start, nint length)
        {
            this.start = start;
            this.length = length;
        }

        public static unsafe Piece Of(MemoryHandle pin, int length) => new((nint)pin.Pointer, length);
    }

    /// <summary><c>struct msghdr</c>, as 64-bit Linux has it.</summary>
    private unsafe struct Message
    {
        public void* Name;
        public nuint NameLength;
        public Piece* Pieces;
        public nuint Count;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [InlineArray(Most)]
    private struct Pins
    {
        private MemoryHandle first;
    }
}
