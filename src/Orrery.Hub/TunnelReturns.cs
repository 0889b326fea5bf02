using System.Collections.Concurrent;

namespace Orrery.Hub;

/// <summary>
/// Which data planes that are not connected are known to come back: those whose connection to this server broke a moment ago, and, while the server itself has only started, those that were connected
/// to some server when it did. Who asks one of them waits for it.
/// </summary>
/// <param name="grace">How long one is waited for; a satellite that dials again within it was never away.</param>
internal sealed class TunnelReturns(TimeSpan grace, TimeProvider time)
{
    /// <summary>That a satellite dialled another server is known by what is written of it.</summary>
    private static readonly TimeSpan LookElsewhere = TimeSpan.FromMilliseconds(500);

    private readonly long started = time.GetTimestamp();
    private readonly ConcurrentDictionary<string, long> broken = new(StringComparer.Ordinal);
    private int waiting;
    private TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How many wait now.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    /// <summary>Its connection broke; one that was ended here does not come back by itself, nor one that was silent before.</summary>
    public void Broke(string dataPlane) => broken[dataPlane] = time.GetTimestamp();

    /// <summary>It is connected: whoever waits looks again.</summary>
    public void Opened(string dataPlane)
    {
        broken.TryRemove(dataPlane, out _);
        Interlocked.Exchange(ref opened, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    /// <param name="wasConnected">Whether a server is said to hold its tunnel, or that is not known yet.</param>
    /// <returns>For how long it is still to be waited for; zero or less when it is not.</returns>
    public TimeSpan Left(string dataPlane, bool wasConnected) =>
        broken.TryGetValue(dataPlane, out long at) ? grace - time.GetElapsedTime(at) : wasConnected ? grace - time.GetElapsedTime(started) : TimeSpan.Zero;

    /// <summary>Until any data plane is connected, or it is time to look what is written of it.</summary>
    public async Task WaitAsync(TimeSpan left, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref waiting);
        try
        {
            await Volatile.Read(ref opened).Task.WaitAsync(left < LookElsewhere ? left : LookElsewhere, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }
}
