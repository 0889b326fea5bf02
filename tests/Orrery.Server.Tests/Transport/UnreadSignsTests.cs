using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Server.Transport.Sockets;
using Orrery.Testing;

namespace Orrery.Server.Tests.Transport;

public sealed class UnreadSignsTests : IAsyncLifetime
{
    private const int Sign = 37, Question = 43;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private IConnectionListener listener = null!;
    private Socket client = null!;
    private ConnectionContext connection = null!;
    private Socket otherClient = null!;
    private ConnectionContext other = null!;
    private volatile int heard;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IRestingConnection Resting => (IRestingConnection)connection;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(EpollTransport.IsPossible, "only Linux has it");
        listener = await new EpollTransport(new Pools(), backlog: 8, NullLogger<EpollTransport>.Instance).BindAsync(new IPEndPoint(IPAddress.Loopback, 0), Token);
        (client, connection) = await RestAsync();
        (otherClient, other) = await RestAsync();
        Resting.Signs.Begin(() => heard++);
    }

    public async ValueTask DisposeAsync()
    {
        client?.Dispose();
        otherClient?.Dispose();
        if (listener is not null)
        {
            await connection.DisposeAsync();
            await other.DisposeAsync();
            await listener.DisposeAsync();
        }
    }

    [Fact]
    public async Task Signs_TwoOfWhichWereRead_LieThereUntilSomethingElseComes()
    {
        await LearnAsync();
        await LeaveAsync(2);

        // Read with those before it, and no more work than one.
        Assert.Equal((2 * Sign) + Question, await SayAsync(Question));
        Assert.Equal(0, Resting.Signs.Left);
        Assert.True(Resting.IsResting);
        await LeaveAsync(1);
        Assert.Equal(3, heard);
    }

    [Fact]
    public async Task Signs_MoreThanFive_AreRead()
    {
        await LearnAsync();
        await LeaveAsync(5);

        Assert.Equal(6 * Sign, await SayAsync(Sign));
        Assert.Equal(5, heard);
    }

    [Theory]
    [InlineData(Sign - 1)]
    [InlineData(Sign + 1)]
    [InlineData(2 * Sign)]
    [InlineData(10_000)]
    public async Task AnythingElse_OfWhateverLength_IsReadAtOnce(int length)
    {
        await LearnAsync();
        await LeaveAsync(1);

        Assert.Equal(Sign + length, await SayAsync(length));
        Assert.Equal(length <= 64, Resting.IsResting);
    }

    /// <summary>A sign that came in two pieces, or with something else, is no measure.</summary>
    [Fact]
    public async Task Signs_NoTwoOfOneLength_AreRead()
    {
        foreach (int length in (int[])[Sign, 20, Sign, Sign + 9])
        {
            Assert.Equal(length, await SayAsync(length, isSign: true));
        }

        Assert.Equal(Sign, await SayAsync(Sign));
        Assert.Equal(0, heard);
    }

    [Fact]
    public async Task Begin_ByTwo_AllIsReadFromThenOn()
    {
        await LearnAsync();
        await LeaveAsync(1);

        Resting.Signs.Begin(() => throw new InvalidOperationException("nobody knows whose it was"));
        Assert.Equal(2 * Sign, await SayAsync(Sign));
        Resting.Signs.End();
        Assert.Equal(Sign, await SayAsync(Sign));

        Resting.Signs.End();
        Resting.Signs.Begin(() => heard += 10);
        await LeaveAsync(1, each: 10);
        Assert.Equal(11, heard);
    }

    [Fact]
    public async Task Connection_ThatRestsNoMore_IsReadAtOnce()
    {
        await LearnAsync();
        Assert.Equal(100, await SayAsync(100));
        Assert.False(Resting.IsResting);

        Assert.Equal(Sign, await SayAsync(Sign));
        Assert.Equal(0, heard);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Client_ThatLeaves_IsHeardToTheEnd(bool isReset)
    {
        await LearnAsync();
        await LeaveAsync(2);

        if (isReset)
        {
            client.Close(timeout: 0);
        }
        else
        {
            client.Shutdown(SocketShutdown.Send);
        }

        ReadResult last = await connection.Transport.Input.ReadAsync(Token).AsTask().WaitAsync(Patience, Token);
        Assert.Equal(2 * Sign, last.Buffer.Length);
        connection.Transport.Input.AdvanceTo(last.Buffer.End);
        Task<ReadResult> reading = connection.Transport.Input.ReadAsync(Token).AsTask();
        if (isReset)
        {
            await Assert.ThrowsAsync<ConnectionResetException>(() => reading.WaitAsync(Patience, Token));
        }
        else
        {
            Assert.True((await reading.WaitAsync(Patience, Token)).IsCompleted);
        }
    }

    [Fact]
    public async Task Signs_ThatAreManyWithinALook_EndTheRest()
    {
        await LearnAsync();
        await LeaveAsync(5);
        Assert.Equal(6 * Sign, await SayAsync(Sign));
        Assert.True(Resting.IsResting);

        Assert.Equal(Sign, await SayAsync(Sign));
        Assert.False(Resting.IsResting);
    }

    private async Task<(Socket Client, ConnectionContext Connection)> RestAsync()
    {
        var dialled = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        dialled.Connect(listener.EndPoint);
        ConnectionContext accepted = (await listener.AcceptAsync(Token))!;
        var resting = (IRestingConnection)accepted;
        resting.MayRest();
        resting.MayRest();
        Assert.True(resting.IsResting);
        return (dialled, accepted);
    }

    private async Task LearnAsync()
    {
        Assert.Equal(Sign, await SayAsync(Sign, isSign: true));
        Assert.Equal(Sign, await SayAsync(Sign, isSign: true));
        Assert.Equal(0, heard);
    }

    /// <summary>Says so many, and sees that each is heard and none is read.</summary>
    private async Task LeaveAsync(int signs, int each = 1)
    {
        Task<ReadResult> reading = connection.Transport.Input.ReadAsync(Token).AsTask();
        for (int i = 0; i < signs; i++)
        {
            int before = heard;
            await client.SendAsync(new byte[Sign], Token);
            await Eventually.TrueAsync(() => heard == before + each, "it is heard", cancellationToken: Token);
            Assert.Equal(i + 1, Resting.Signs.Left);
        }

        Assert.False(reading.IsCompleted);
        connection.Transport.Input.CancelPendingRead();
        ReadResult none = await reading.WaitAsync(Patience, Token);
        Assert.True(none.IsCanceled && none.Buffer.IsEmpty);
    }

    /// <returns>Bytes that are read once that was said.</returns>
    private async Task<long> SayAsync(int length, bool isSign = false)
    {
        Task<long> reading = ReadAsync(isSign);
        await client.SendAsync(new byte[length], Token);
        long read = await reading.WaitAsync(Patience, Token);

        await DoneAsync();
        return read;
    }

    /// <summary>Whoever read is in the midst of it: what came for another is read by the same thread once that one waits again.</summary>
    private async Task DoneAsync()
    {
        ((IRestingConnection)other).MayRest();
        await otherClient.SendAsync(new byte[1], Token);
        ReadResult read = await other.Transport.Input.ReadAsync(Token).AsTask().WaitAsync(Patience, Token);
        other.Transport.Input.AdvanceTo(read.Buffer.End);
    }

    private async Task<long> ReadAsync(bool isSign)
    {
        ReadResult read = await connection.Transport.Input.ReadAsync(Token).ConfigureAwait(false);
        if (isSign)
        {
            Resting.Signs.Noticed();
        }

        long length = read.Buffer.Length;
        connection.Transport.Input.AdvanceTo(read.Buffer.End);
        return length;
    }

    private sealed class Pools : IMemoryPoolFactory<byte>
    {
        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => MemoryPool<byte>.Shared;
    }
}
