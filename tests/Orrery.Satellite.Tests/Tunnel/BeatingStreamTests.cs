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

    [Theory]
    [InlineData(0, 0x89, 0x8A, 0x8A, 0x8A, 0x8A, 0x8A, 0x89, 0x8A)]
    [InlineData(1, 0x89, 0x89, 0x8A, 0x8A, 0x8A, 0x8A, 0x8A, 0x89)]
    [InlineData(5, 0x89, 0x8A, 0x8A, 0x8A, 0x8A, 0x89, 0x8A, 0x8A)]
    public async Task Begin_EveryTenSeconds_BeatsAndAsksFirstAndEverySixthTime(int turn, params int[] wanted)
    {
        await using BeatingStream stream = Begin(turn);

        var kinds = new List<int>();
        for (int beat = 0; beat < wanted.Length; beat++)
        {
            time.Advance(Beat);
            byte[] frame = await ReadAsync(up, wanted[beat] == 0x89 ? 12 : 6);
            kinds.Add(frame[^6]);
            Assert.Equal(0x80, frame[^5]);
            if (frame[^6] == 0x89)
            {
                // Longer than one that wants no answer, by a frame of which nobody makes anything.
                Assert.Equal([0x8A, 0x80], frame[..2]);
                await AnswerAsync(stream, 0x8A, 0);
            }

            Assert.False(up.Reader.TryRead(out _));
        }

        Assert.Equal(wanted, kinds);
    }

    [Theory]
    [InlineData(1, 10, 6)]
    [InlineData(3, 10, 0)]
    public async Task Ended_ByAnother_TellsHowLongItWasQuietUnlessItHadLasted(int beats, int seconds, int quiet)
    {
        var told = new List<TimeSpan>();
        await using BeatingStream stream = Begin();
        stream.Ended = told.Add;
        for (int beat = 0; beat < beats; beat++)
        {
            time.Advance(TimeSpan.FromSeconds(seconds));
            await ReadAsync(up, beat == 0 ? 12 : 6);
            if (beat == 0)
            {
                await AnswerAsync(stream, 0x8A, 0);
            }
        }

        time.Advance(TimeSpan.FromSeconds(6));
        await down.Writer.CompleteAsync();

        Assert.Equal(0, await stream.ReadAsync(new byte[16]));
        Assert.Equal([TimeSpan.FromSeconds(quiet)], told);
    }

    [Fact]
    public async Task Ended_ByThisSide_TellsNobody()
    {
        var told = new List<TimeSpan>();
        BeatingStream stream = Begin();
        stream.Ended = told.Add;
        Task<int> reading = stream.ReadAsync(new byte[16]).AsTask();

        await stream.DisposeAsync();
        await down.Writer.CompleteAsync();
        await reading.ContinueWith(static _ => { }, TaskScheduler.Default);

        Assert.Empty(told);
    }

    [Fact]
    public async Task Ping_WithoutAnAnswerForTwoBeats_EndsTheConnection()
    {
        int dead = 0;
        await using BeatingStream stream = Begin(dead: () => dead++);
        Task<int> reading = stream.ReadAsync(new byte[16]).AsTask();

        time.Advance(Beat * 2);
        Assert.False(reading.IsCompleted);
        Assert.Equal(0, dead);
        time.Advance(Beat);
        Assert.Equal(1, dead);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.WriteAsync(new byte[1]).AsTask().WaitAsync(Limit));
        Assert.Equal(0, time.Waiting);
    }

    /// <summary>What is said between two questions is believed to arrive; the next one that nobody answers ends it.</summary>
    [Fact]
    public async Task Ping_OfASideThatFellSilentAfterAnAnswer_EndsTheConnectionAfterEightySeconds()
    {
        int dead = 0;
        await using BeatingStream stream = Begin(dead: () => dead++);
        time.Advance(Beat);
        await AnswerAsync(stream, 0x8A, 0);

        for (int beat = 1; beat < 8; beat++)
        {
            time.Advance(Beat);
            Assert.Equal(0, dead);
        }

        time.Advance(Beat);
        Assert.Equal(1, dead);
    }

    [Fact]
    public async Task Ping_WhenAnythingComesInAfterIt_GoesOn()
    {
        await using BeatingStream stream = Begin();
        time.Advance(Beat);
        await down.Writer.WriteAsync(new byte[1]);
        Assert.Equal(1, await stream.ReadAsync(new byte[16]).AsTask().WaitAsync(Limit));

        time.Advance(Beat * 4);

        Assert.Equal((5 + 1) * 6, (await ReadAsync(up, (5 + 1) * 6)).Length);
        Assert.Equal(1, time.Waiting);
    }

    [Fact]
    public async Task Answer_ThatSaysWhenToBeatNext_IsReckonedFromThePing()
    {
        await using BeatingStream stream = Begin();
        time.Advance(Beat);
        await ReadAsync(up, 12);

        // The way there and back takes 300 ms.
        time.Advance(TimeSpan.FromMilliseconds(300));
        await AnswerAsync(stream, 0x8A, 0, 0x8A, 4, 0, 0, 0x3A, 0x97);
        time.Advance(TimeSpan.FromMilliseconds(14_998 - 300));
        Task<byte[]> next = ReadAsync(up, 6);
        Assert.False(next.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(0x8A, (await next)[0]);

        // And from there on in the usual interval.
        time.Advance(Beat);
        Assert.Equal(0x8A, (await ReadAsync(up, 6))[0]);
    }

    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(0, 0, 0x13, 0x87)]
    [InlineData(0, 0, 0x3A, 0x99)]
    [InlineData(0xFF, 0xFF, 0xFF, 0xFF)]
    public async Task Answer_OfAWaitThatIsTooShortOrTooLong_ChangesNothing(byte a, byte b, byte c, byte d)
    {
        await using BeatingStream stream = Begin();
        time.Advance(Beat);
        await AnswerAsync(stream, 0x8A, 0, 0x8A, 4, a, b, c, d);

        time.Advance(Beat);

        Assert.Equal((2 + 1) * 6, (await ReadAsync(up, (2 + 1) * 6)).Length);
        Assert.Equal(1, time.Waiting);
    }

    [Fact]
    public async Task Beats_BetweenFramesOfASocket_AreHeardByTheOtherSide()
    {
        await using BeatingStream stream = Begin();
        using var client = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { KeepAliveInterval = TimeSpan.Zero });
        using var server = WebSocket.CreateFromStream(new DuplexStream(up.Reader.AsStream(), down.Writer.AsStream()), new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });

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

    private async Task AnswerAsync(BeatingStream stream, params byte[] frames)
    {
        await down.Writer.WriteAsync(frames);
        Assert.Equal(frames.Length, await stream.ReadAsync(new byte[16]).AsTask().WaitAsync(Limit));
    }

    private BeatingStream Begin(int turn = 0, Action? dead = null)
    {
        var stream = new BeatingStream(new DuplexStream(down.Reader.AsStream(), up.Writer.AsStream()), turn, time, dead);
        stream.Begin();
        return stream;
    }

    private static async Task<byte[]> ReadAsync(Pipe pipe, int count)
    {
        byte[] bytes = new byte[count];
        await pipe.Reader.AsStream(leaveOpen: true).ReadExactlyAsync(bytes).AsTask().WaitAsync(Limit);
        return bytes;
    }
}
