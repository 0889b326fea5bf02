using System.Runtime.CompilerServices;

namespace Orrery.Client;

/// <summary>A connection that tells when it was last heard, and when it ended, from whichever side.</summary>
public sealed class ObservedStream(Stream inner, TimeProvider time) : Stream
{
    private long lastRead = time.GetTimestamp();
    private readonly TaskCompletionSource<string> closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>For how long nothing has come in, whatever became of the wall clock meanwhile.</summary>
    public TimeSpan Quiet => time.GetElapsedTime(Interlocked.Read(ref lastRead));

    /// <summary>Ends with the connection; its result says why.</summary>
    public Task<string> Closed => closed.Task;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    // Thousands of connections are read day and night, heartbeat by heartbeat.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            int read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (read > 0)
            {
                Interlocked.Exchange(ref lastRead, time.GetTimestamp());
            }
            else if (buffer.Length > 0)
            {
                closed.TrySetResult("the other side closed it");
            }

            return read;
        }
        catch (Exception e) when (e is IOException or System.Net.WebSockets.WebSocketException or ObjectDisposedException)
        {
            closed.TrySetResult(e.Message);
            throw new IOException(e.Message, e);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or System.Net.WebSockets.WebSocketException or ObjectDisposedException)
        {
            closed.TrySetResult(e.Message);
            throw new IOException(e.Message, e);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("a tunnel is read asynchronously");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("a tunnel is written asynchronously");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        closed.TrySetResult("it was let go");
        await inner.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            closed.TrySetResult("it did not answer");
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
