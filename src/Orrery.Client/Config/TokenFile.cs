namespace Orrery.Client;

/// <summary>A bearer token kept in a file that someone else rotates; read again once a minute, as client-go does.</summary>
internal sealed class TokenFile(string path, TimeProvider time)
{
    private static readonly TimeSpan Keep = TimeSpan.FromMinutes(1);

    private Reading? last;

    public async ValueTask<string?> ReadAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (last is { } fresh && now - fresh.At < Keep)
        {
            return fresh.Token;
        }

        string token = (await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false)).Trim();
        last = new Reading(token, now);
        return token;
    }

    private sealed record Reading(string Token, DateTimeOffset At);
}
