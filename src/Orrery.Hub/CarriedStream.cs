using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Orrery.Client;

namespace Orrery.Hub;

/// <summary>
/// What passes within an HTTP/2 connection, as one of its streams. No read outlasts its request: the framework uses what it buffers a stream in again for a request that comes later, and a read that ends after its own
/// leaves that marked as being read, so that the other's body cannot be.
/// </summary>
/// <param name="inner">What its request carries, both ways.</param>
/// <param name="reader">The same, as the framework reads it.</param>
internal sealed class CarriedStream(Stream inner, PipeReader reader) : ConnectionStream(inner)
{
    private const int Idle = 0, Reading = 1, Over = 2;

    private readonly TaskCompletionSource last = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int state;

    /// <exception cref="IOException">Its request has ended.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Interlocked.CompareExchange(ref state, Reading, Idle) != Idle)
        {
            throw new IOException("the stream has ended");
        }

        try
        {
            return await Inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (Interlocked.CompareExchange(ref state, Idle, Reading) == Over)
            {
                last.TrySetResult();
            }
        }
    }

    /// <summary>Nothing is read any more. To be waited for before its request ends.</summary>
    public Task EndAsync()
    {
        if (Interlocked.Exchange(ref state, Over) != Reading)
        {
            return Task.CompletedTask;
        }

        try
        {
            reader.CancelPendingRead();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Its connection broke: the framework tells that here, too, and the read ends by it.
        }

        return last.Task;
    }
}
