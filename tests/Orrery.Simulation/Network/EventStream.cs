namespace Orrery.Simulation.Network;

/// <summary>The body of a watch as its client reads it: lines as they are let through, then an end or a break.</summary>
internal sealed class EventStream(Action disposed) : Stream
{
    private readonly Queue<ReadOnlyMemory<byte>> waiting = new();
    private TaskCompletionSource? reader;
    private bool isOver;
    private Exception? broken;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public void Put(ReadOnlyMemory<byte> bytes)
    {
        waiting.Enqueue(bytes);
        Wake();
    }

    /// <param name="fault">Null for an orderly end.</param>
    public void End(Exception? fault)
    {
        isOver = true;
        broken ??= fault;
        Wake();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (waiting.Count == 0)
        {
            if (isOver)
            {
                return broken is null ? 0 : throw broken;
            }

            reader = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await reader.Task.WaitAsync(cancellationToken);
        }

        // A read of no bytes waits for some to come.
        if (buffer.Length == 0)
        {
            return 0;
        }

        ReadOnlyMemory<byte> next = waiting.Dequeue();
        int count = Math.Min(next.Length, buffer.Length);
        next.Span[..count].CopyTo(buffer.Span);
        if (count < next.Length)
        {
            // What is left comes first.
            ReadOnlyMemory<byte>[] rest = [next[count..], .. waiting];
            waiting.Clear();
            foreach (ReadOnlyMemory<byte> part in rest)
            {
                waiting.Enqueue(part);
            }
        }

        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            disposed();
        }

        base.Dispose(disposing);
    }

    private void Wake()
    {
        TaskCompletionSource? sleeper = reader;
        reader = null;
        sleeper?.TrySetResult();
    }
}
