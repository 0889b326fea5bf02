using System.Buffers;
using System.IO.Pipelines;

namespace Orrery.Server.Protection;

/// <summary>Passes everything on; a flush that has to wait for the client is timed, and one of the answer's end may wait for the request's.</summary>
internal sealed class GuardedWriter(PipeWriter inner, GuardedBody body) : PipeWriter
{
    /// <summary>What is copied rather than sent ahead of its last byte.</summary>
    private const int Short = 16 * 1024;

    private long written;

    /// <summary>Something went, or is about to go, to the client.</summary>
    public bool HasWritten => written > 0;

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override void Advance(int bytes)
    {
        written += bytes;
        inner.Advance(bytes);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        body.IsHeldEnd(written) ? default : body.TakenAsync(inner.FlushAsync(cancellationToken));

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        written += source.Length;
        return source.Length > 0 && body.IsHeldEnd(written) ? HoldAsync(source, cancellationToken) : body.TakenAsync(inner.WriteAsync(source, cancellationToken));
    }

    private async ValueTask<FlushResult> HoldAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        if (source.Length > Short)
        {
            await body.TakenAsync(inner.WriteAsync(source[..^1], cancellationToken));
            source = source[^1..];
        }

        inner.Write(source.Span);
        return default;
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
}
