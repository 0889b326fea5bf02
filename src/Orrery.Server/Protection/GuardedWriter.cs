using System.IO.Pipelines;

namespace Orrery.Server.Protection;

/// <summary>Passes everything on; a flush that has to wait for the client is timed.</summary>
internal sealed class GuardedWriter(PipeWriter inner, GuardedBody body) : PipeWriter
{
    /// <summary>Something went, or is about to go, to the client.</summary>
    public bool HasWritten { get; private set; }

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override void Advance(int bytes)
    {
        HasWritten = true;
        inner.Advance(bytes);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => body.TakenAsync(inner.FlushAsync(cancellationToken));

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        HasWritten = true;
        return body.TakenAsync(inner.WriteAsync(source, cancellationToken));
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
}
