using Orrery.Commands;

namespace Orrery.Installation;

/// <summary>Looks at a condition until it holds.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <exception cref="CommandFailedException">It did not hold in time; says what was waited for.</exception>
    public static async Task UntilAsync(string what, TimeSpan patience, TimeProvider time, Func<Task<bool>> holds, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        while (!await holds().ConfigureAwait(false))
        {
            if (time.GetElapsedTime(started) > patience)
            {
                throw new CommandFailedException($"waited {patience.TotalSeconds:0} s for {what}");
            }

            await Task.Delay(Interval, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
