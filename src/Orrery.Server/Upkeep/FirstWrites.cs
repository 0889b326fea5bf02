using Microsoft.Extensions.Logging;
using Orrery.Storage;

namespace Orrery.Server.Upkeep;

/// <summary>What a server writes while it starts. A store that is away for a moment ends no server that runs, and so none that starts.</summary>
internal static class FirstWrites
{
    /// <summary>Whoever started it is to hear of a store that stays away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <param name="write">Comes to the same when it is done again, whatever of it was done before.</param>
    /// <exception cref="StoreException">The store is full, or was away for a minute.</exception>
    public static async Task RunAsync(Func<Task> write, TimeProvider time, ILogger log, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            try
            {
                await write();
                return;
            }
            catch (StoreException away) when (!away.IsFull && time.GetElapsedTime(began) < Patience)
            {
                log.StartWaits(away.Message);
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }
}
