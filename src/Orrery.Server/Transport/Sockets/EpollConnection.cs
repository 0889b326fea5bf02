using System.Buffers;
using System.ComponentModel;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Orrery.Server.Transport.Sockets;

/// <summary>
/// A connection whose socket is read when a <see cref="SocketLoop"/> says so, and written when there is something to write. Both are done without waiting: what the socket does not take goes on once it does.
/// </summary>
internal sealed class EpollConnection : ConnectionContext, IConnectionIdFeature, IConnectionTransportFeature, IConnectionItemsFeature, IMemoryPoolFeature, IConnectionLifetimeFeature, IConnectionEndPointFeature, IRestingConnection, IHeldUpConnection
{
    /// <summary>Most bytes that are read at a time.</summary>
    private const int AtATime = 32 * 1024;

    /// <summary>Longest that comes in and is no work: a frame that says that a satellite lives, within HTTP/2 and TLS, takes some forty bytes.</summary>
    private const int Sign = 64;

    /// <summary>So many signs between two calls of <see cref="MayRest"/> are work as well: the thread for resting connections is nobody's own.</summary>
    private const int MostSigns = 8;

    [ThreadStatic]
    private static byte[]? scratch;

    private static long last;

    private readonly Socket socket;
    private readonly MemoryPool<byte> memory;
    private readonly Pipe input;
    private readonly Pipe output;
    private readonly Readiness readable = new();
    private readonly Readiness writable = new();
    private readonly UnreadSigns unread = new();
    private readonly CancellationTokenSource closed = new();
    private readonly Lock gate = new();
    private Task running = Task.CompletedTask;
    private SocketLoop? loop;
    private Exception? reason;
    private IDictionary<object, object?>? items;
    private string? id;
    private volatile bool isQuiet;
    private volatile bool isHeldUp;
    private volatile bool isEnded;
    private bool isOver;
    private int signs;

    /// <param name="socket">Accepted, and its own from now on.</param>
    public EpollConnection(Socket socket, MemoryPool<byte> memory, PipeOptions inputOptions, PipeOptions outputOptions)
    {
        this.socket = socket;
        this.memory = memory;
        input = new Pipe(inputOptions);
        output = new Pipe(outputOptions);
        Transport = new Sides(input.Reader, output.Writer);
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = closed.Token;
        Features = new ConnectionFeatures(this);
        Key = SocketLoop.Enter(this);
    }

    /// <summary>By which the loops know it.</summary>
    public int Key { get; }

    public SafeHandle Handle => socket.SafeHandle;

    /// <inheritdoc/>
    public bool IsResting => isQuiet && !isHeldUp;

    /// <inheritdoc/>
    public bool IsHeldUp => isHeldUp;

    /// <inheritdoc/>
    public ISignsOfLife Signs => unread;

    public override string ConnectionId
    {
        get => id ??= Interlocked.Increment(ref last).ToString("X8", CultureInfo.InvariantCulture);
        set => id = value;
    }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items
    {
        get => items ??= new ConnectionItems();
        set => items = value;
    }

    public override IDuplexPipe Transport { get; set; }

    public override CancellationToken ConnectionClosed { get; set; }

    public override EndPoint? LocalEndPoint { get; set; }

    public override EndPoint? RemoteEndPoint { get; set; }

    public MemoryPool<byte> MemoryPool => memory;

    /// <exception cref="Win32Exception">The system cannot watch one more.</exception>
    public void Start()
    {
        MoveTo(SocketLoop.Prompt);
        running = Task.WhenAll(ReceiveAsync(), SendAsync());
    }

    /// <summary>A loop was told something of its socket, or of the one that had its key before.</summary>
    /// <param name="isHere">Whether what there is to do is done by this thread.</param>
    public void OnReady(uint events, bool isHere)
    {
        if ((events & Epoll.Ended) != 0)
        {
            isEnded = true;
        }

        // One that has just begun to work may still be told of by the thread for those that rest.
        isHere &= isQuiet;
        if ((events & (Epoll.Readable | Epoll.Ended)) != 0 && !(isHere && IsLeft(events)) && readable.Tell())
        {
            if (isHere)
            {
                readable.Execute();
            }
            else
            {
                ThreadPool.UnsafeQueueUserWorkItem(readable, preferLocal: false);
            }
        }

        // Whoever writes may have much to do.
        if ((events & (Epoll.Writable | Epoll.Ended)) != 0 && writable.Tell())
        {
            ThreadPool.UnsafeQueueUserWorkItem(writable, preferLocal: false);
        }
    }

    /// <inheritdoc/>
    public void MayRest()
    {
        if (Interlocked.Exchange(ref signs, 0) <= MostSigns && !isQuiet)
        {
            MoveTo(SocketLoop.Resting);
        }
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        Close(abortReason, isAborted: true);
        output.Reader.CancelPendingRead();
    }

    public override async ValueTask DisposeAsync()
    {
        await input.Reader.CompleteAsync().ConfigureAwait(false);
        await output.Writer.CompleteAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        closed.Dispose();
    }

    private async Task ReceiveAsync()
    {
        Exception? fault = null;
        try
        {
            do
            {
                await readable;
            }
            while (await ReceiveAllAsync().ConfigureAwait(false));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            fault = Fault(e);
        }

        // All that was open over it ends now. Why it was closed here says more than what came of that.
        await SocketLoop.Elsewhere();
        lock (gate)
        {
            fault = isOver ? reason : fault;
        }

        await input.Writer.CompleteAsync(fault).ConfigureAwait(false);

        // Whoever hears of the end does so in another thread, and has heard before anything is let go of.
        await closed.CancelAsync().ConfigureAwait(false);
    }

    /// <returns>Whether there may be more later.</returns>
    private async ValueTask<bool> ReceiveAllAsync()
    {
        int read;
        do
        {
            byte[] buffer = scratch ??= GC.AllocateUninitializedArray<byte>(AtATime);
            read = socket.Receive(buffer, 0, buffer.Length, SocketFlags.None, out SocketError error);
            if (error is SocketError.WouldBlock)
            {
                return true;
            }

            if (error is not SocketError.Success)
            {
                throw new SocketException((int)error);
            }

            if (read == 0)
            {
                return false;
            }

            bool isWork = WakesBy(unread.Read(read));
            input.Writer.Write(buffer.AsSpan(0, read));
            if (isWork)
            {
                await SocketLoop.Elsewhere();
            }

            FlushResult flushed = await input.Writer.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            if (flushed.IsCompleted || flushed.IsCanceled)
            {
                return false;
            }
        }
        while (read == AtATime || isEnded);

        // Less than there was room for is all that there was, and of what comes now it is told anew.
        return true;
    }

    /// <summary>Whether all that has come in since it was read is a sign of life that may lie there.</summary>
    private bool IsLeft(uint events) => (events & Epoll.Ended) == 0 && readable.IsAwaited && unread.TryLeave(socket) && Interlocked.Increment(ref signs) <= MostSigns;

    /// <summary>Work wants no waiting, and a thread of the pool.</summary>
    /// <param name="read">Bytes that nobody knew of before.</param>
    /// <returns>Whether it rested until now.</returns>
    private bool WakesBy(int read)
    {
        if (Interlocked.Add(ref signs, read <= Sign ? 1 : MostSigns + 1) <= MostSigns || !isQuiet)
        {
            return false;
        }

        MoveTo(SocketLoop.Prompt);
        return true;
    }

    private async Task SendAsync()
    {
        Exception? fault = null;
        try
        {
            while (true)
            {
                ReadResult given = await output.Reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                if (given.IsCanceled)
                {
                    break;
                }

                ReadOnlySequence<byte> left = given.Buffer;
                while (!left.IsEmpty)
                {
                    int sent = SocketSending.Send(socket, left, out SocketError error);
                    if (error is SocketError.WouldBlock)
                    {
                        isHeldUp = true;
                        await writable;
                        isHeldUp = false;
                        continue;
                    }

                    if (error is not SocketError.Success)
                    {
                        throw new SocketException((int)error);
                    }

                    left = left.Slice(sent);
                }

                output.Reader.AdvanceTo(given.Buffer.End);
                if (given.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            fault = Fault(e);
        }

        Close(fault ?? new ConnectionAbortedException("this side has said all"), isAborted: fault is not null);

        // Whoever writes on is told by the token: an answer that nobody takes is no fault of his.
        await output.Reader.CompleteAsync().ConfigureAwait(false);
        input.Writer.CancelPendingFlush();
    }

    private void MoveTo(SocketLoop to)
    {
        lock (gate)
        {
            if (isOver || loop == to)
            {
                return;
            }

            try
            {
                to.Watch(this);
            }
            catch (Win32Exception) when (loop is not null)
            {
                // The system cannot watch one more: it stays where it is, and is read there.
                return;
            }

            // What both tell in between is told twice, which is once.
            loop?.Forget(this);
            loop = to;
            isQuiet = to == SocketLoop.Resting;
        }
    }

    /// <param name="isAborted">The other side then hears that it was cut off, and not that this was all.</param>
    private void Close(Exception why, bool isAborted)
    {
        lock (gate)
        {
            if (isOver)
            {
                return;
            }

            isOver = true;
            reason = why;
        }

        if (isAborted)
        {
            socket.Close(timeout: 0);
        }
        else
        {
            try
            {
                socket.Shutdown(SocketShutdown.Both);
            }
            catch (SocketException)
            {
                // The other side was faster.
            }

            socket.Dispose();
        }

        // Nothing is told of a socket that is closed.
        SocketLoop.Leave(Key);
        OnReady(Epoll.Ended, isHere: false);
    }

    private static Exception Fault(Exception e) => e is SocketException { SocketErrorCode: SocketError.ConnectionReset } ? new ConnectionResetException(e.Message, e) : new IOException(e.Message, e);

    private sealed record Sides(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
