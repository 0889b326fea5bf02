using System.Buffers;
using System.IO.Pipelines;

namespace Orrery.Server.Handlers;

/// <summary>
/// A stretch of a long answer, gathered in one piece and handed on when it is full: many small pieces cost the output more than what is in
/// them. The piece is the output's own memory where that is known to be fine, and what it holds is not copied once more.
/// </summary>
/// <param name="isDirect">False: it is gathered in a buffer beside the output. HTTP/1.1 needs that, whose chunks begin with their length.</param>
/// <param name="expected">About the bytes to come; a short answer should not hold much memory until its client has taken it.</param>
internal sealed class AnswerChunk(PipeWriter output, bool isDirect, long expected) : IBufferWriter<byte>, IDisposable
{
    private const int FullAt = 96 * 1024;
    private const int Room = 128 * 1024;
    private const int Least = 1024;

    private Memory<byte> memory;
    private int written;

    /// <summary>Rented; null while the output's own memory is written into.</summary>
    private byte[]? beside;

    public bool IsFull => written >= FullAt;

    public void Advance(int count) => written += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return memory[written..];
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return memory.Span[written..];
    }

    /// <summary>Sends what was gathered; waits while the client is slower than that.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (beside is not null)
        {
            await output.WriteAsync(beside.AsMemory(0, written), cancellationToken);
            written = 0;
            return;
        }

        output.Advance(written);
        expected -= written;
        written = 0;
        memory = default;
        await output.FlushAsync(cancellationToken);
    }

    public void Dispose()
    {
        memory = default;
        if (beside is not null)
        {
            ArrayPool<byte>.Shared.Return(beside);
            beside = null;
        }
    }

    private void Reserve(int sizeHint)
    {
        if (memory.Length - written >= Math.Max(1, sizeHint))
        {
            return;
        }

        int wanted = (int)Math.Clamp(expected, Least, Room);
        if (isDirect && beside is null && written == 0 && sizeHint <= Room)
        {
            memory = output.GetMemory(Math.Max(sizeHint, wanted));
            return;
        }

        // An object larger than usual: from here on beside the output, which was promised nothing of what is written so far.
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(written + sizeHint, wanted), 2 * memory.Length));
        memory.Span[..written].CopyTo(larger);
        if (beside is not null)
        {
            ArrayPool<byte>.Shared.Return(beside);
        }

        memory = beside = larger;
    }
}
