using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Orrery.Server.Transport.Sockets;

namespace Orrery.Server.Tests.Transport;

public sealed class SocketSendingTests : IDisposable
{
    private readonly Socket here;
    private readonly Socket there;

    public SocketSendingTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the transport is that of Linux");
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        here = new Socket(SocketType.Stream, ProtocolType.Tcp);
        here.Connect(listener.LocalEndPoint!);
        here.Blocking = false;
        there = listener.Accept();
    }

    public void Dispose()
    {
        here.Dispose();
        there.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(300)]
    public void Send_OfPieces_SaysThemInTheirOrder(int count)
    {
        byte[][] pieces = [.. Enumerable.Range(0, count).Select(i => Enumerable.Repeat((byte)i, i % 7).ToArray())];
        ReadOnlySequence<byte> left = Pieces.Of(pieces);

        while (!left.IsEmpty)
        {
            left = left.Slice(SocketSending.Send(here, left, out SocketError error));
            Assert.Equal(SocketError.Success, error);
        }

        here.Shutdown(SocketShutdown.Send);
        using var said = new MemoryStream();
        new NetworkStream(there).CopyTo(said);
        Assert.Equal(pieces.SelectMany(p => p), said.ToArray());
    }

    [Fact]
    public void Send_ToOneWhoDoesNotRead_WouldBlockAndLosesNothing()
    {
        ReadOnlySequence<byte> left = Pieces.Of([.. Enumerable.Range(0, 40).Select(i => Enumerable.Repeat((byte)i, 10_000).ToArray())]);
        long taken = 0;
        SocketError error;
        do
        {
            taken += SocketSending.Send(here, left, out error);
        }
        while (error == SocketError.Success);

        Assert.Equal(SocketError.WouldBlock, error);
        Assert.True(taken > 0);
        here.Shutdown(SocketShutdown.Send);
        using var said = new MemoryStream();
        new NetworkStream(there).CopyTo(said);
        Assert.Equal(taken, said.Length);
    }

    [Fact]
    public void Send_ToOneWhoHasReset_SaysSo()
    {
        there.LingerState = new LingerOption(true, 0);
        there.Close();
        SpinWait.SpinUntil(() => here.Poll(0, SelectMode.SelectRead), TimeSpan.FromSeconds(20));

        _ = SocketSending.Send(here, Pieces.Of([[1], [2]]), out SocketError error);

        Assert.Contains(error, new[] { SocketError.ConnectionReset, SocketError.Shutdown });
    }

    private sealed class Pieces : ReadOnlySequenceSegment<byte>
    {
        public static ReadOnlySequence<byte> Of(byte[][] pieces)
        {
            var first = new Pieces { Memory = pieces[0] };
            Pieces last = first;
            foreach (byte[] piece in pieces.Skip(1))
            {
                var next = new Pieces { Memory = piece, RunningIndex = last.RunningIndex + last.Memory.Length };
                last.Next = next;
                last = next;
            }

            return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
        }
    }
}
