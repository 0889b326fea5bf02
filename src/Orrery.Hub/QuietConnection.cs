using Orrery.Client;

namespace Orrery.Hub;

/// <summary>
/// A connection over which nothing is asked yet. It is read all the same: that answers the pings of the other side and notices its end. The other side says
/// nothing of its own accord, so what comes after the first question belongs to the answer.
/// </summary>
internal sealed class QuietConnection : ConnectionStream
{
    private readonly byte[] first = new byte[1];
    private Task<int>? waiting;

    public QuietConnection(Stream inner)
        : base(inner)
    {
        waiting = inner.ReadAsync(first).AsTask();

        // Whoever holds the connection learns of its end elsewhere.
        _ = waiting.ContinueWith(static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        waiting is { } begun ? ReadFirstAsync(begun, buffer, cancellationToken) : Inner.ReadAsync(buffer, cancellationToken);

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
