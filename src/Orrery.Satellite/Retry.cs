using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orrery.Api;

namespace Orrery.Satellite;

/// <summary>Tries until it works: either side may be away, for however long.</summary>
internal static class Retry
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    public static async Task UntilDoneAsync(Func<CancellationToken, Task> step, SatelliteContext context, CancellationToken cancellationToken)
    {
        ILogger logger = context.Options.Loggers.CreateLogger("Orrery.Satellite");
        for (TimeSpan wait = First; ; wait = wait * 2 < Longest ? wait * 2 : Longest)
        {
            try
            {
                await step(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (IsAway(e) && !cancellationToken.IsCancellationRequested)
            {
                Log.TryingAgain(logger, wait.TotalMilliseconds, e.Message);
            }

            await Task.Delay(wait, context.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Faults of a connection or of the other side, as against faults of ours.</summary>
    public static bool IsAway(Exception e) =>
        e is StatusException or HttpRequestException or IOException or TimeoutException or JsonException or OperationCanceledException;
}
