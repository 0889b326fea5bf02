using System.Runtime.CompilerServices;

namespace Orrery.Client;

/// <summary>A connection that tells when it was last heard, and when it ended, from whichever side.</summary>
public sealed class ObservedStream(Stream inner, TimeProvider time) : ConnectionStream(inner)
{
    private long lastRead = time.GetTimestamp();
    private readonly TaskCompletionSource<string> closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>For how long nothing has come in, whatever became of the wall clock meanwhile.</summary>
    public TimeSpan Quiet => time.GetElapsedTime(Interlocked.Read(ref lastRead));

    /// <summary>Shown what was read, each time. Null shows nobody.</summary>
    public Action<ReadOnlySpan<byte>>? Seen { get; init; }

    /// <summary>Ends with the connection; its result says why.</summary>
    public Task<string> Closed => closed.Task;

    /// <summary>Something came in, and is not read yet.</summary>
    public void Hear() => Interlocked.Exchange(ref lastRead, time.GetTimestamp());

    // Thousands of connections are read day and night, heartbeat by heartbeat.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            int read = await Inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (read > 0)
            {
                Hear();
                Seen?.Invoke(buffer.Span[..read]);
            }
            else if (buffer.Length > 0)
            {
                closed.TrySetResult("the other side closed it");
            }

            return read;
        }
        catch (Exception e) when (IsEnd(e, cancellationToken))
        {
            closed.TrySetResult(e.Message);
            throw new IOException(e.Message, e);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await Inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsEnd(e, cancellationToken))
        {
            closed.TrySetResult(e.Message);
            throw new IOException(e.Message, e);
        }
    }

    public override ValueTask DisposeAsync()
    {
        closed.TrySetResult("it was let go");
        return base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            closed.TrySetResult("it did not answer");
        }

        base.Dispose(disposing);
    }

    /// <summary>A WebSocket that is ended while it is read says that this was cancelled.</summary>
    private static bool IsEnd(Exception e, CancellationToken cancellationToken) =>
        e is IOException or System.Net.WebSockets.WebSocketException or ObjectDisposedException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
