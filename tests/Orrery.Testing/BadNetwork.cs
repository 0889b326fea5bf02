using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Orrery.Testing;

/// <summary>A way to a server over which bad things happen: bytes come late, connections break in the midst of something, or go silent and say nothing of it.</summary>
public sealed class BadNetwork : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private readonly Socket listener;
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<Connection, byte> open = new();
    private readonly ConcurrentBag<Task> running = [];
    private readonly int target;
    private readonly TimeProvider time;

    /// <param name="target">Port on the loopback interface.</param>
    public BadNetwork(int target, TimeProvider time)
        : this(target, time, OnLoopback())
    {
    }

    /// <param name="target">Port on the loopback interface.</param>
    /// <param name="listener">Listens already.</param>
    public BadNetwork(int target, TimeProvider time, Socket listener)
    {
        this.target = target;
        this.time = time;
        this.listener = listener;
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
        running.Add(AcceptAsync());
        running.Add(ForgetAsync());
    }

    /// <summary>Where the server is to be found.</summary>
    public IPEndPoint EndPoint { get; }

    public int Port => EndPoint.Port;

    /// <summary>After how long without a byte a connection is forgotten, as by whatever keeps a table of them; null: never.</summary>
    public TimeSpan? Forgets { get; set; }

    /// <summary>Whether both sides are told of a connection that is forgotten; otherwise nothing passes any more.</summary>
    public bool TellsOfForgotten { get; set; }

    /// <summary>Connections that were forgotten.</summary>
    public int Forgotten => forgotten;

    private int forgotten;

    /// <summary>How late everything comes, one way.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>While it is set, connections are broken as soon as they are made, and those that there are too.</summary>
    public bool IsDown
    {
        get => isDown;
        set
        {
            isDown = value;
            if (value)
            {
                Cut();
            }
        }
    }

    private volatile bool isDown;

    /// <summary>Connections that there are now.</summary>
    public int Open => open.Count;

    /// <summary>Connections since the start.</summary>
    public int Connections => connections;

    private int connections;

    /// <summary>Breaks every connection there is.</summary>
    public void Cut()
    {
        foreach (Connection connection in open.Keys)
        {
            open.TryRemove(connection, out _);
            connection.Dispose();
        }
    }

    /// <summary>From now on nothing passes on any connection there is, and neither side is told. New ones are well.</summary>
    public void Silence()
    {
        foreach (Connection connection in open.Keys)
        {
            connection.IsSilent = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        Cut();
        await Task.WhenAll(running);
        stop.Dispose();
    }

    private static Socket OnLoopback()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }

    private async Task AcceptAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            Socket near;
            try
            {
                near = await listener.AcceptAsync(stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            Interlocked.Increment(ref connections);
            running.Add(ServeAsync(near));
        }
    }

    /// <summary>By looks, and not by the clock: while this process has no time nobody in it can say anything either.</summary>
    private async Task ForgetAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(Look, time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (Connection connection in open.Keys)
            {
                if (connection.IsSilent || Forgets is not { } limit || ++connection.QuietLooks * Look <= limit)
                {
                    continue;
                }

                Interlocked.Increment(ref forgotten);
                connection.IsSilent = true;
                if (TellsOfForgotten)
                {
                    connection.Dispose();
                }
            }
        }
    }

    private async Task ServeAsync(Socket near)
    {
        using var connection = new Connection(near, new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        open[connection] = 0;
        if (isDown)
        {
            open.TryRemove(connection, out _);
            return;
        }

        try
        {
            await connection.Far.ConnectAsync(IPAddress.Loopback, target, stop.Token);
            await await Task.WhenAny(PassAsync(connection, near, connection.Far), PassAsync(connection, connection.Far, near));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Broken, as is the purpose of this.
        }
        finally
        {
            open.TryRemove(connection, out _);
        }
    }

    private async Task PassAsync(Connection connection, Socket from, Socket to)
    {
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            int read = await from.ReceiveAsync(buffer, stop.Token);
            if (read == 0)
            {
                return;
            }

            connection.QuietLooks = 0;
            if (Delay > TimeSpan.Zero)
            {
                await Task.Delay(Delay, time, stop.Token);
            }

            for (int sent = 0; sent < read && !connection.IsSilent;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), stop.Token);
            }
        }
    }

    private sealed class Connection(Socket near, Socket far) : IDisposable
    {
        public Socket Far { get; } = far;

        public bool IsSilent { get; set; }

        /// <summary>Looks at it since anything came in last, from either side.</summary>
        public int QuietLooks { get; set; }

        public void Dispose()
        {
            near.Dispose();
            Far.Dispose();
        }
    }
}
