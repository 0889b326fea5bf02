using System.Buffers;

namespace Orrery.Client;

/// <summary>Passes bytes on as they come, each lot at once: somebody may be typing.</summary>
public static class StreamRelay
{
    private const int BufferSize = 16 * 1024;

    /// <summary>Both ways, until either side ends.</summary>
    public static async Task RunAsync(Stream one, Stream other, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] ways = [CopyAsync(one, other, over.Token), CopyAsync(other, one, over.Token)];
        await Task.WhenAny(ways).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        try
        {
            await Task.WhenAll(ways).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or HttpRequestException)
        {
            // A side went: that is how streams end.
        }
    }

    /// <summary>One way, to the end.</summary>
    public static async Task CopyAsync(Stream from, Stream to, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                await to.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
