using System.IO.Pipelines;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// What is written into a tunnel. A tunnel that has ended says that nobody reads any more, as the server's own transports do: an exception it takes for
/// a fault of the program, and reports each.
/// </summary>
internal sealed class TunnelWriter(PipeWriter inner) : PipeWriter
{
    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override void Advance(int bytes) => inner.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        try
        {
            await inner.CompleteAsync(exception).ConfigureAwait(false);
        }
        catch (Exception e) when (IsEnd(e))
        {
            // What was left to write has no reader any more.
        }
    }

    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await inner.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsEnd(e))
        {
            return new FlushResult(isCanceled: false, isCompleted: true);
        }
    }

    /// <summary>How a connection ends that was given up on either side. A WebSocket whose other side went says that it is no stream to write to.</summary>
    private static bool IsEnd(Exception fault) => fault is IOException or ObjectDisposedException or NotSupportedException;
}
