using Orrery.Api;

namespace Orrery.Client;

/// <summary>Runs loops that make sense only together.</summary>
public static class Together
{
    /// <summary>Runs all until the first fails or all end; a failure stops the others and is thrown. Cancelling ends it without an exception.</summary>
    public static async Task RunAsync(IEnumerable<Func<CancellationToken, Task>> loops, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Exception? fault = null;
        await Task.WhenAll(loops.Select(async loop =>
        {
            try
            {
                await loop(stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Asked to stop, or stopped with the one that failed.
            }
            catch (Exception e) when (cancellationToken.IsCancellationRequested && e is StatusException or HttpRequestException or IOException or TimeoutException)
            {
                // The other side went while this one was stopping.
            }
#pragma warning disable CA1031 // Whatever it is, the others stop and it is thrown below.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref fault, e, null);
                await stop.CancelAsync().ConfigureAwait(false);
            }
        })).ConfigureAwait(false);
        if (fault is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fault);
        }
    }
}
