using System.IO.Pipelines;
using System.Net.WebSockets;
using Orrery.Satellite.Tunnel;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Tunnel;

public sealed class BeatingStreamTests
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly ManualTime time = new();
    private readonly Pipe up = new();
    private readonly Pipe down = new();

    [Fact]
    public async Task Begin_EveryTenSeconds_BeatsAndAsksEveryThirdTime()
    {
        await using BeatingStream stream = Begin();
        Task<int> reading = stream.ReadAsync(new byte[16]).AsTask();

        var kinds = new List<byte>();
        for (int beat = 0; beat < 4; beat++)
        {
            time.Advance(Beat);
            byte[] frame = await ReadAsync(up, 6);
            kinds.Add(frame[0]);
            Assert.Equal(0x80, frame[1]);
        }

        Assert.Equal([0x8A, 0x8A, 0x89, 0x8A], kinds);
        Assert.False(reading.IsCompleted);
    }

    [Fact]
    public async Task Ping_WithoutAnAnswerForTwoBeats_EndsTheConnection()
    {
        await using BeatingStream stream = Begin();
        Task<int> reading = stream.ReadAsync(new byte[16]).AsTask();

        time.Advance(Beat * 4);
        Assert.False(reading.IsCompleted);
        time.Advance(Beat);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.WriteAsync(new byte[1]).AsTask().WaitAsync(Limit));
        Assert.Equal(0, time.Waiting);
    }

    [Fact]
    public async Task Ping_WhenAnythingComesInAfterIt_GoesOn()
    {
        await using BeatingStream stream = Begin();
        time.Advance(Beat * 3);
        await down.Writer.WriteAsync(new byte[1]);
        Assert.Equal(1, await stream.ReadAsync(new byte[16]).AsTask().WaitAsync(Limit));

        time.Advance(Beat * 2);

        Assert.Equal(5 * 6, (await ReadAsync(up, 5 * 6)).Length);
        Assert.Equal(1, time.Waiting);
    }

    [Fact]
    public async Task Beats_BetweenFramesOfASocket_AreHeardByTheOtherSide()
    {
        await using BeatingStream stream = Begin();
        using var client = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { KeepAliveInterval = TimeSpan.Zero });
        using var server = WebSocket.CreateFromStream(new Duplex(up.Reader.AsStream(), down.Writer.AsStream()), new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });

        // The beats are answered, or passed over, by whoever receives; what is told is what was sent.
        var told = new List<byte>();
        byte[] buffer = new byte[16];
        for (byte i = 0; i < 7; i++)
        {
            time.Advance(Beat);
            await client.SendAsync(new[] { i }, WebSocketMessageType.Binary, true, default);
            ValueWebSocketReceiveResult received = await server.ReceiveAsync(buffer.AsMemory(), default).AsTask().WaitAsync(Limit);
            Assert.Equal((1, WebSocketMessageType.Binary), (received.Count, received.MessageType));
            told.Add(buffer[0]);
            await server.SendAsync(new[] { i }, WebSocketMessageType.Binary, true, default);
            Assert.Equal(1, (await client.ReceiveAsync(buffer.AsMemory(), default).AsTask().WaitAsync(Limit)).Count);
        }

        Assert.Equal([0, 1, 2, 3, 4, 5, 6], told);
        Assert.Equal(1, time.Waiting);
    }

    private BeatingStream Begin()
    {
        var stream = new BeatingStream(new Duplex(down.Reader.AsStream(), up.Writer.AsStream()), time);
        stream.Begin();
        return stream;
    }

    private static async Task<byte[]> ReadAsync(Pipe pipe, int count)
    {
        byte[] bytes = new byte[count];
        await pipe.Reader.AsStream(leaveOpen: true).ReadExactlyAsync(bytes).AsTask().WaitAsync(Limit);
        return bytes;
    }

    /// <summary>Two streams as one connection.</summary>
    private sealed class Duplex(Stream input, Stream output) : Stream
    {
        private bool isOver;

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            ObjectDisposedException.ThrowIf(isOver, this);
            await output.WriteAsync(buffer, cancellationToken);
        }

        public override void Flush()
        {
        }

        // As a connection's: at once, where a stream's own would take a thread.
        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            isOver = true;
            base.Dispose(disposing);
        }
    }
}
