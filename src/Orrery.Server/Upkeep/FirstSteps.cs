using Microsoft.Extensions.Logging;
using Orrery.Storage;

namespace Orrery.Server.Upkeep;

/// <summary>What a server reads and writes while it starts. A store that is away for a moment ends no server that runs, and so none that starts.</summary>
internal static class FirstSteps
{
    /// <summary>Whoever started it is to hear of a store that stays away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <param name="step">Comes to the same when it is done again, whatever of it was done before.</param>
    /// <exception cref="StoreException">The store is full, cannot be read as it is, or was away for a minute.</exception>
    public static async Task RunAsync(Func<Task> step, TimeProvider time, ILogger log, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            try
            {
                await step();
                return;
            }
            catch (StoreException away) when (!away.IsFull && !away.IsFinal && time.GetElapsedTime(began) < Patience)
            {
                log.StartWaits(away.Message);
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }
}
