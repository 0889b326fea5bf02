namespace Orrery.Server.Audit;

/// <summary>Passes on what is written to it and keeps a copy, up to a bound.</summary>
internal sealed class TeeStream(Stream inner) : Stream
{
    /// <summary>Larger answers are recorded without their body, so that a list of everything cannot fill memory twice.</summary>
    private const int MaxCopied = 1536 * 1024;

    private readonly MemoryStream copy = new();
    private bool dropped;

    /// <summary>All that was written is in the copy.</summary>
    public bool IsWhole => !dropped;

    public ReadOnlyMemory<byte> Copy => copy.GetBuffer().AsMemory(0, (int)copy.Length);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count)
    {
        Keep(buffer.AsSpan(offset, count));
        inner.Write(buffer, offset, count);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Keep(buffer.Span);
        return inner.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (dropped || copy.Length + bytes.Length > MaxCopied)
        {
            dropped = true;
            copy.SetLength(0);
            return;
        }

        copy.Write(bytes);
    }
}
