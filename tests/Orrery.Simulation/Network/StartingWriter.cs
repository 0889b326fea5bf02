using System.IO.Pipelines;

namespace Orrery.Simulation.Network;

/// <summary>Writes a body, and lets the answer begin with its first flush.</summary>
internal sealed class StartingWriter(PipeWriter inner, Func<Task> start) : PipeWriter
{
    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override void Advance(int bytes) => inner.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    /// <summary>The exchange completes the body itself.</summary>
    public override void Complete(Exception? exception = null)
    {
    }

    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        await start();
        return await inner.FlushAsync(cancellationToken);
    }
}
