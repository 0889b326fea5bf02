using Microsoft.Extensions.Logging;

namespace Orrery.Server.Upkeep;

/// <summary>Something that is done to everything at a regular pace, whatever becomes of one of the times: a full disk has space again, a store that is away comes back.</summary>
internal static class Sweep
{
    public static async Task RunAsync(string what, TimeSpan interval, TimeProvider time, ILogger log, Func<CancellationToken, Task> sweep, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                await sweep(cancellationToken);
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                log.LookFailed(fault, what);
            }
        }
    }
}
