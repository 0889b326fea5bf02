namespace Orrery.Client;

/// <summary>A bearer token kept in a file that someone else rotates; read again once a minute, as client-go does, and at once when the server takes it no more.</summary>
internal sealed class TokenFile(string path, TimeProvider time)
{
    private static readonly TimeSpan Keep = TimeSpan.FromMinutes(1);

    /// <summary>A file that did not change is not read for each of dozens of refusals.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private volatile Reading? last;
    private volatile Reading? refused;

    /// <exception cref="IOException">It was never read, and cannot be.</exception>
    public async ValueTask<string?> ReadAsync(CancellationToken cancellationToken)
    {
        Reading? known = last;
        if (known is not null && time.GetElapsedTime(known.At) < (ReferenceEquals(known, refused) ? Pause : Keep))
        {
            return known.Token;
        }

        try
        {
            string token = (await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false)).Trim();
            last = new Reading(token.Length > 0 || known is null ? token : known.Token, time.GetTimestamp());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && known is not null)
        {
            // It is being replaced: the former one is good for a while.
            last = known with { At = time.GetTimestamp() };
        }

        return last.Token;
    }

    /// <summary>The server did not take it.</summary>
    public void Refuse() => refused = last;

    private sealed record Reading(string Token, long At);
}
