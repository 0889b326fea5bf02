using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Server.Transport.Sockets;
using Orrery.Testing;

namespace Orrery.Server.Tests.Transport;

public sealed class EpollTransportTests : IAsyncLifetime
{
    /// <summary>More than both systems' buffers and all limits of the connection take.</summary>
    private const int Much = 24 * 1024 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private IConnectionListener listener = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        listener = await new EpollTransport(new Pools(), backlog: 512, NullLogger<EpollTransport>.Instance).BindAsync(new IPEndPoint(IPAddress.Loopback, 0), Token);

    public async ValueTask DisposeAsync()
    {
        await listener.UnbindAsync(CancellationToken.None);
        await listener.DisposeAsync();
    }

    [Fact]
    public async Task Transport_WhatEitherSideSays_ReachesTheOther()
    {
        using Socket client = Dial();
        await using ConnectionContext connection = await AcceptAsync();

        await client.SendAsync("hello"u8.ToArray(), Token);
        Assert.Equal("hello"u8.ToArray(), await ReadAsync(connection, 5));
        await connection.Transport.Output.WriteAsync("world"u8.ToArray(), Token);
        Assert.Equal("world"u8.ToArray(), await ReadAsync(client, 5));
        Assert.Equal(client.LocalEndPoint, connection.RemoteEndPoint);
        Assert.Equal(client.RemoteEndPoint, connection.LocalEndPoint);
    }

    [Fact]
    public async Task Output_AClientThatReadsLate_IsWaitedForAndGetsAll()
    {
        byte[] said = Content(Much);
        using Socket client = Dial();
        await using ConnectionContext connection = await AcceptAsync();

        Task writing = Task.Run(async () =>
        {
            // In one piece, in pieces of many blocks, and in small ones.
            await connection.Transport.Output.WriteAsync(said.AsMemory(0, Much / 2), Token);
            for (int at = Much / 2; at < Much;)
            {
                int piece = Math.Min(Much - at, at % 3 == 0 ? 100_000 : 77);
                await connection.Transport.Output.WriteAsync(said.AsMemory(at, piece), Token);
                at += piece;
            }

            await connection.Transport.Output.CompleteAsync();
        }, Token);
        await Task.WhenAny(writing, Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, Token));
        Assert.False(writing.IsCompleted);

        Assert.Equal(said, await ReadAsync(client, Much));
        Assert.Equal(0, await client.ReceiveAsync(new byte[1], Token));
        await writing.WaitAsync(Patience, Token);
    }

    [Fact]
    public async Task Input_ReadLate_HoldsTheClientUpAndIsAll()
    {
        byte[] said = Content(Much);
        using Socket client = Dial();
        await using ConnectionContext connection = await AcceptAsync();

        Task writing = Task.Run(async () =>
        {
            for (int sent = 0; sent < Much;)
            {
                sent += await client.SendAsync(said.AsMemory(sent), Token);
            }

            client.Shutdown(SocketShutdown.Send);
        }, Token);
        await Task.WhenAny(writing, Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, Token));
        Assert.False(writing.IsCompleted);

        Assert.Equal(said, await ReadAsync(connection, Much));
        Assert.True((await connection.Transport.Input.ReadAsync(Token)).IsCompleted);
        await writing.WaitAsync(Patience, Token);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ConnectionClosed_TheClientLeaves_IsTold(bool isResting)
    {
        Socket client = Dial();
        await using ConnectionContext connection = await AcceptAsync();
        if (isResting)
        {
            Rest(connection);
        }

        var told = new TaskCompletionSource();
        await using CancellationTokenRegistration registered = connection.ConnectionClosed.Register(told.SetResult);
        client.Dispose();

        await told.Task.WaitAsync(Patience, Token);
        ReadResult last = await connection.Transport.Input.ReadAsync(Token);
        Assert.True(last.IsCompleted);
        Assert.True(last.Buffer.IsEmpty);
    }

    /// <summary>What is said and the end may be told of together or apart, before one reads or after.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Input_ClientsThatSaySomethingAndLeave_AreHeardToTheEnd(bool isResting)
    {
        for (int i = 0; i < 200; i++)
        {
            using Socket client = Dial();
            await using ConnectionContext connection = await AcceptAsync();
            if (isResting && i % 10 == 0)
            {
                Rest(connection);
            }

            await client.SendAsync(new byte[40], Token);
            if (i % 2 == 0)
            {
                _ = await ReadAsync(connection, 20);
            }

            client.Shutdown(SocketShutdown.Send);

            _ = await ReadAsync(connection, int.MaxValue);
        }
    }

    [Fact]
    public async Task Input_TheClientResets_SaysSo()
    {
        Socket client = Dial();
        await using ConnectionContext connection = await AcceptAsync();

        client.Close(timeout: 0);

        await Assert.ThrowsAsync<ConnectionResetException>(async () => await connection.Transport.Input.ReadAsync(Token).AsTask().WaitAsync(Patience, Token));
    }

    [Fact]
    public async Task Abort_AClientThatReadsNothing_EndsBothSides()
    {
        using Socket client = Dial();
        ConnectionContext connection = await AcceptAsync();
        Task<FlushResult> writing = connection.Transport.Output.WriteAsync(Content(Much), Token).AsTask();

        connection.Abort(new ConnectionAbortedException("enough"));

        Assert.Equal("enough", (await Assert.ThrowsAsync<ConnectionAbortedException>(async () => await connection.Transport.Input.ReadAsync(Token).AsTask().WaitAsync(Patience, Token))).Message);
        Assert.True((await writing.WaitAsync(Patience, Token)).IsCompleted);
        await connection.DisposeAsync().AsTask().WaitAsync(Patience, Token);
        await Assert.ThrowsAsync<SocketException>(() => ReadAsync(client, Much));
    }

    [Fact]
    public async Task DisposeAsync_SaysAllThatWasWritten_AndThatThatWasAll()
    {
        byte[] said = Content(300_000);
        using Socket client = Dial();
        ConnectionContext connection = await AcceptAsync();
        Task writing = connection.Transport.Output.WriteAsync(said, Token).AsTask();
        Assert.Equal(said, await ReadAsync(client, said.Length));
        await writing;

        await connection.DisposeAsync().AsTask().WaitAsync(Patience, Token);

        Assert.Equal(0, await client.ReceiveAsync(new byte[1], Token));
    }

    [Fact]
    public async Task MayRest_NothingComesIn_ReadsWhatComesThenInTheThreadOfThoseThatRest()
    {
        using Socket client = Dial();
        await using ConnectionContext connection = await AcceptAsync();
        Rest(connection);
        Task<string?> reading = ThreadOfNextReadAsync(connection);

        await client.SendAsync(new byte[40], Token);

        Assert.Equal("quiet sockets", await reading.WaitAsync(Patience, Token));
        Assert.True(IsResting(connection));
    }

    [Fact]
    public async Task MayRest_WorkComesIn_RestsNoMoreAndLosesNothing()
    {
        byte[] said = Content(100_000);
        using Socket client = Dial();
        await using ConnectionContext connection = await AcceptAsync();
        Rest(connection);

        await client.SendAsync(said, Token);

        Assert.Equal(said, await ReadAsync(connection, said.Length));
        Assert.False(IsResting(connection));
        Task<string?> reading = ThreadOfNextReadAsync(connection);
        await client.SendAsync(said.AsMemory(0, 40), Token);
        Assert.NotEqual("quiet sockets", await reading.WaitAsync(Patience, Token));

        // It was work that came since the last look, and not since the one after.
        ((IRestingConnection)connection).MayRest();
        Assert.False(IsResting(connection));
        Rest(connection);
    }

    [Fact]
    public async Task MayRest_OneSaysLittleButOften_RestsNoMore()
    {
        using Socket client = Dial();
        await using ConnectionContext connection = await AcceptAsync();
        Rest(connection);

        for (int i = 0; i < 8; i++)
        {
            await client.SendAsync(new byte[1], Token);
            await ReadAsync(connection, 1);
            Assert.True(IsResting(connection));
        }

        await client.SendAsync(new byte[1], Token);
        await ReadAsync(connection, 1);
        Assert.False(IsResting(connection));
    }

    [Fact]
    public async Task IsResting_SomethingWaitsToBeSent_DoesNotUntilItIs()
    {
        using Socket client = Dial();
        await using ConnectionContext connection = await AcceptAsync();
        Rest(connection);

        Task writing = connection.Transport.Output.WriteAsync(Content(Much), Token).AsTask();
        await Eventually.TrueAsync(() => !IsResting(connection), "the client to be waited for", cancellationToken: Token);
        _ = await ReadAsync(client, Much);
        await writing;

        // The last of it may have come before the one who sends it knows.
        await Eventually.TrueAsync(() => IsResting(connection), "it rests again", cancellationToken: Token);
    }

    [Fact]
    public async Task MayRest_WhileWorkComesIn_LosesNothing()
    {
        byte[] said = Content(4 * 1024 * 1024);
        using Socket client = Dial();
        await using ConnectionContext connection = await AcceptAsync();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task resting = Task.Run(() =>
        {
            while (!over.IsCancellationRequested)
            {
                ((IRestingConnection)connection).MayRest();
            }
        }, Token);

        Task writing = Task.Run(async () =>
        {
            for (int at = 0; at < said.Length;)
            {
                at += await client.SendAsync(said.AsMemory(at, Math.Min(said.Length - at, 1 + (at % 4000))), Token);
            }
        }, Token);

        Assert.Equal(said, await ReadAsync(connection, said.Length).WaitAsync(Patience, Token));
        await writing;
        await over.CancelAsync();
        await resting;
    }

    [Fact]
    public async Task AcceptAsync_ManyThatComeAndGo_EachHearsItsOwn()
    {
        Task serving = Task.Run(async () =>
        {
            for (int i = 0; i < 450; i++)
            {
                _ = EchoAsync(await AcceptAsync(), rests: i % 2 == 0);
            }
        }, Token);
        for (int round = 0; round < 3; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 150).Select(async i =>
            {
                using Socket client = Dial();
                byte[] said = [.. Guid.NewGuid().ToByteArray(), (byte)i, (byte)round];
                for (int time = 0; time < 3; time++)
                {
                    await client.SendAsync(said, Token);
                    Assert.Equal(said, await ReadAsync(client, said.Length));
                }
            }));
        }

        await serving;
    }

    private static async Task EchoAsync(ConnectionContext connection, bool rests)
    {
        await using (connection)
        {
            ReadResult read;
            do
            {
                if (rests)
                {
                    ((IRestingConnection)connection).MayRest();
                }

                read = await connection.Transport.Input.ReadAsync(Token);
                foreach (ReadOnlyMemory<byte> piece in read.Buffer)
                {
                    await connection.Transport.Output.WriteAsync(piece, Token);
                }

                connection.Transport.Input.AdvanceTo(read.Buffer.End);
            }
            while (!read.IsCompleted);
        }
    }

    [Fact]
    public async Task AcceptAsync_NoLongerListening_SaysThatThereAreNoMore()
    {
        ValueTask<ConnectionContext?> accepting = listener.AcceptAsync(Token);

        await listener.UnbindAsync(Token);

        Assert.Null(await accepting.AsTask().WaitAsync(Patience, Token));
        Assert.Null(await listener.AcceptAsync(Token));
    }

    [Fact]
    public async Task BindAsync_SomebodyListensThere_SaysSo() => await Assert.ThrowsAsync<AddressInUseException>(
        async () => await new EpollTransport(new Pools(), backlog: 1, NullLogger<EpollTransport>.Instance).BindAsync(listener.EndPoint, Token));

    private Socket Dial()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.Connect(listener.EndPoint);
        return client;
    }

    private async Task<ConnectionContext> AcceptAsync() => await listener.AcceptAsync(Token).AsTask().WaitAsync(Patience, Token) ?? throw new InvalidOperationException("it listens no more");

    private static void Rest(ConnectionContext connection)
    {
        ((IRestingConnection)connection).MayRest();
        ((IRestingConnection)connection).MayRest();
        Assert.True(IsResting(connection));
    }

    private static bool IsResting(ConnectionContext connection) => ((IRestingConnection)connection).IsResting;

    private static byte[] Content(int length)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    private static async Task<string?> ThreadOfNextReadAsync(ConnectionContext connection)
    {
        ReadResult read = await connection.Transport.Input.ReadAsync(Token).ConfigureAwait(false);
        string? thread = Thread.CurrentThread.Name;
        connection.Transport.Input.AdvanceTo(read.Buffer.End);
        return thread;
    }

    private static async Task<byte[]> ReadAsync(ConnectionContext connection, int length)
    {
        ReadResult read = await connection.Transport.Input.ReadAsync(Token).AsTask().WaitAsync(Patience, Token);
        var all = new ArrayBufferWriter<byte>();
        while (true)
        {
            foreach (ReadOnlyMemory<byte> piece in read.Buffer)
            {
                all.Write(piece.Span);
            }

            connection.Transport.Input.AdvanceTo(read.Buffer.End);
            if (all.WrittenCount >= length || read.IsCompleted)
            {
                return all.WrittenSpan.ToArray();
            }

            read = await connection.Transport.Input.ReadAsync(Token).AsTask().WaitAsync(Patience, Token);
        }
    }

    private static async Task<byte[]> ReadAsync(Socket client, int length)
    {
        byte[] all = new byte[length];
        for (int read = 0; read < length;)
        {
            int more = await client.ReceiveAsync(all.AsMemory(read), Token).AsTask().WaitAsync(Patience, Token);
            read += more > 0 ? more : throw new EndOfStreamException($"{read} of {length}");
        }

        return all;
    }

    private sealed class Pools : IMemoryPoolFactory<byte>
    {
        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => MemoryPool<byte>.Shared;
    }
}
