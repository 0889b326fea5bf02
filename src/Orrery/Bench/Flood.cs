using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Orrery.Bench;

/// <summary>A client that asks for as much as it is let have, many requests at a time, and again at once when it is sent away.</summary>
internal sealed class Flood(RawClient client, FloodKind kind, TimeProvider time)
{
    public const string Path = "/api/v1/namespaces/default/configmaps";

    /// <summary>Objects there, by <see cref="Name"/>: the longest list has them all.</summary>
    public const int Listed = 2_000;

    /// <summary>Watches of a flood of them.</summary>
    private const int Watched = 5_000;

    /// <summary>Sent away, it asks again. Shorter than it is told to wait: a client that does not behave.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(20);

    private const string Json = "application/json";
    private const string MergePatch = "application/merge-patch+json";

    private static readonly byte[] Refusable = Encoding.UTF8.GetBytes("""{"data":{"no key of a ConfigMap":"x"}}""");

    private long answered;
    private long refused;

    public long Answered => Interlocked.Read(ref answered);

    /// <summary>Of these, with 429.</summary>
    public long Refused => Interlocked.Read(ref refused);

    public static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"o{number}");

    /// <summary>Runs until cancelled.</summary>
    /// <param name="width">Requests under way at any time, beside watches.</param>
    public async Task RunAsync(int width, CancellationToken cancellationToken)
    {
        Task watches = kind == FloodKind.Watches ? WatchAllAsync(cancellationToken) : Task.CompletedTask;
        await Task.WhenAll(Enumerable.Range(0, width).Select(i => AskAsync(i, cancellationToken)).Append(watches)).ConfigureAwait(false);
    }

    private async Task AskAsync(int number, CancellationToken cancellationToken)
    {
        for (int i = 0; !cancellationToken.IsCancellationRequested; i++)
        {
            try
            {
                using HttpResponseMessage response = await SendAsync(number, i, cancellationToken).ConfigureAwait(false);
                await response.Content.CopyToAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
                if (response.StatusCode != HttpStatusCode.TooManyRequests)
                {
                    Interlocked.Increment(ref answered);
                    continue;
                }

                Interlocked.Increment(ref refused);
                await Task.Delay(Again, time, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (HttpRequestException) when (kind is FloodKind.Uploads or FloodKind.Bodies)
            {
                // Cut off, as whoever sends nothing for so long is to be, or more than is taken.
                Interlocked.Increment(ref refused);
            }
        }
    }

    private Task<HttpResponseMessage> SendAsync(int number, int i, CancellationToken cancellationToken)
    {
        string one = $"{Path}/{Name((number + i) % Listed)}";
        string own = string.Create(CultureInfo.InvariantCulture, $"f{number}");
        return kind switch
        {
            FloodKind.Lists => client.TryAsync(HttpMethod.Get, Path, null, "", cancellationToken),
            FloodKind.Creates when i % 2 == 0 => client.TryAsync(HttpMethod.Post, Path, Samples.ConfigMap(own), Json, cancellationToken),
            FloodKind.Creates => client.TryAsync(HttpMethod.Delete, $"{Path}/{own}", null, "", cancellationToken),
            FloodKind.Watches => client.TryAsync(HttpMethod.Patch, one, Samples.Touch(i), MergePatch, cancellationToken),
            FloodKind.Bodies => client.TryAsync(HttpMethod.Post, Path + "?dryRun=All", Samples.ConfigMap(own, 'x', 900_000), Json, cancellationToken),
            FloodKind.Uploads => client.TryAsync(HttpMethod.Post, Path + "?dryRun=All", new SlowContent(Samples.ConfigMap(own), time), Json, cancellationToken),
            FloodKind.Refused => client.TryAsync(HttpMethod.Patch, one, Refusable, MergePatch, cancellationToken),
            FloodKind.Strangers => client.TryAsync(HttpMethod.Get, one, null, "", cancellationToken, bearer: "x" + own + i.ToString(CultureInfo.InvariantCulture)),
            _ => ((number + i) % 4) switch
            {
                0 => client.TryAsync(HttpMethod.Get, Path, null, "", cancellationToken),
                1 => client.TryAsync(HttpMethod.Patch, one, Samples.Touch(i), MergePatch, cancellationToken),
                _ => client.TryAsync(HttpMethod.Get, one, null, "", cancellationToken),
            },
        };
    }

    private async Task WatchAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            string from = await RevisionAsync(cancellationToken).ConfigureAwait(false);
            await Task.WhenAll(Enumerable.Range(0, Watched).Select(_ => WatchAsync(from, cancellationToken))).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Over before it began.
        }
    }

    /// <summary>Goes on from where it stands, as an informer does that has listed: all that it is sent are changes.</summary>
    private async Task WatchAsync(string from, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using HttpResponseMessage response = await client.TryAsync(HttpMethod.Get, $"{Path}?watch=true&resourceVersion={from}", null, "", cancellationToken).ConfigureAwait(false);
                await response.EnsureSuccessStatusCode().Content.CopyToAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
                from = await RevisionAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException || (fault is OperationCanceledException && cancellationToken.IsCancellationRequested))
            {
                // Cut off for being slow, sent away, or over: whoever floods asks again.
                await Task.Delay(Again, time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Where the collection stands.</summary>
    /// <exception cref="HttpRequestException">It is not told.</exception>
    private async Task<string> RevisionAsync(CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await client.TryAsync(HttpMethod.Get, Path + "?limit=1", null, "", cancellationToken).ConfigureAwait(false);
        await using Stream page = await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using JsonDocument list = await JsonDocument.ParseAsync(page, default, cancellationToken).ConfigureAwait(false);
        return list.RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString()!;
    }

    /// <summary>A body of which 64 bytes come every tenth of a second.</summary>
    private sealed class SlowContent(byte[] body, TimeProvider time) : HttpContent
    {
        private const int Piece = 64;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            for (int at = 0; at < body.Length; at += Piece)
            {
                await stream.WriteAsync(body.AsMemory(at, Math.Min(Piece, body.Length - at)), cancellationToken).ConfigureAwait(false);
                await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
                await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken).ConfigureAwait(false);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = body.Length;
            return true;
        }
    }
}
