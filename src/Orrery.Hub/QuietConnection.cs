namespace Orrery.Hub;

/// <summary>
/// A connection over which nothing is asked yet. It is read all the same: that answers the pings of the other side and notices its end. The other side says
/// nothing of its own accord, so what comes after the first question belongs to the answer.
/// </summary>
internal sealed class QuietConnection : Stream
{
    private readonly Stream inner;
    private readonly byte[] first = new byte[1];
    private Task<int>? waiting;

    public QuietConnection(Stream inner)
    {
        this.inner = inner;
        waiting = inner.ReadAsync(first).AsTask();

        // Whoever holds the connection learns of its end elsewhere.
        _ = waiting.ContinueWith(static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        waiting is { } begun ? ReadFirstAsync(begun, buffer, cancellationToken) : inner.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

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

    public override ValueTask DisposeAsync() => inner.DisposeAsync();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadFirstAsync(Task<int> begun, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int read = await begun.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (buffer.IsEmpty)
        {
            // Only asks whether there is something to read.
            return 0;
        }

        waiting = null;
        first.AsSpan(0, read).CopyTo(buffer.Span);
        return read;
    }
}
