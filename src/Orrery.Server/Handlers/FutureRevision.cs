using Orrery.Api;
using Orrery.Server.Fairness;

namespace Orrery.Server.Handlers;

/// <summary>Reads that name a revision which this server has not seen yet.</summary>
internal static class FutureRevision
{
    /// <summary>Upstream: blockTimeout of the watch cache.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Returns once the revision has been seen.</summary>
    /// <exception cref="StatusException">504: it did not come.</exception>
    public static async ValueTask WaitAsync(ResourceRequest request, long revision, CancellationToken cancellationToken)
    {
        if (revision <= request.Server.Caches.Revision)
        {
            return;
        }

        using var limit = new CancellationTokenSource(Patience, request.Server.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using Aside aside = request.Seat.SetAside();
            await request.Server.Caches.WaitForAsync(revision, both.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new StatusException(new Status
            {
                Code = 504,
                Reason = StatusReason.Timeout,
                Message = $"Timeout: Too large resource version: {revision}, current: {request.Server.Caches.Revision}",

                // Events have no watch cache upstream, and their store says no time.
                Details = new StatusDetails { RetryAfterSeconds = request.Resource.StoredAs is { Group: "", Resource: "events" } ? 0 : 1, Causes = [new StatusCause("ResourceVersionTooLarge", "Too large resource version", "")] },
            });
        }
    }
}
