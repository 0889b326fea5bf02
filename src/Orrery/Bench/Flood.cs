using System.Globalization;

namespace Orrery.Bench;

/// <summary>A client that asks for as much as it is let have: long lists, reads and writes, many at a time, and again at once when it is sent away.</summary>
internal sealed class Flood(RawClient client, TimeProvider time)
{
    public const string Path = "/api/v1/namespaces/default/configmaps";

    /// <summary>Objects there, by <see cref="Name"/>: the longest list has them all.</summary>
    public const int Listed = 2_000;

    private long answered;
    private long refused;

    public long Answered => Interlocked.Read(ref answered);

    /// <summary>Of these, with 429.</summary>
    public long Refused => Interlocked.Read(ref refused);

    public static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"o{number}");

    /// <summary>Runs until cancelled.</summary>
    /// <param name="width">Requests under way at any time.</param>
    public Task RunAsync(int width, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, width).Select(i => AskAsync(i, cancellationToken)));

    private async Task AskAsync(int number, CancellationToken cancellationToken)
    {
        for (int i = number; !cancellationToken.IsCancellationRequested; i++)
        {
            try
            {
                using HttpResponseMessage response = await ((i % 4) switch
                {
                    0 => client.TryAsync(HttpMethod.Get, Path, null, "", cancellationToken),
                    1 => client.TryAsync(HttpMethod.Patch, $"{Path}/{Name(i % Listed)}", Samples.Touch(i), "application/merge-patch+json", cancellationToken),
                    _ => client.TryAsync(HttpMethod.Get, $"{Path}/{Name(i % Listed)}", null, "", cancellationToken),
                }).ConfigureAwait(false);
                await response.Content.CopyToAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
                if ((int)response.StatusCode != 429)
                {
                    Interlocked.Increment(ref answered);
                    continue;
                }

                // Shorter than it was asked to wait: a client that does not behave.
                Interlocked.Increment(ref refused);
                await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }
}
