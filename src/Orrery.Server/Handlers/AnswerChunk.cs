using System.Buffers;
using System.IO.Pipelines;

namespace Orrery.Server.Handlers;

/// <summary>
/// A stretch of a long answer, gathered in one rented buffer and handed on when it is full: writing many small pieces
/// straight into a response costs more than the copy.
/// </summary>
internal sealed class AnswerChunk : IBufferWriter<byte>, IDisposable
{
    private const int FullAt = 64 * 1024;

    private byte[] buffer = ArrayPool<byte>.Shared.Rent(2 * FullAt);
    private int written;

    public bool IsFull => written >= FullAt;

    public void Advance(int count) => written += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return buffer.AsMemory(written);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return buffer.AsSpan(written);
    }

    /// <summary>Sends what was gathered; waits while the client is slower than that.</summary>
    public async ValueTask FlushAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        await output.WriteAsync(buffer.AsMemory(0, written), cancellationToken);
        written = 0;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
    }

    private void Reserve(int sizeHint)
    {
        if (buffer.Length - written < Math.Max(1, sizeHint))
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(written + sizeHint, 2 * buffer.Length));
            buffer.AsSpan(0, written).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }
    }
}
