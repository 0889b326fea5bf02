namespace Orrery.Server.Handlers;

/// <summary>Requests that have no end of their own: they end when the client goes, or when the server stops.</summary>
internal static class LongRunning
{
    public static async Task RunAsync(ResourceRequest request, Func<ResourceRequest, CancellationToken, Task> handler, CancellationToken cancellationToken)
    {
        CancellationToken stopping = request.Server.Stopping.Token;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        try
        {
            await handler(request, either.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The stream ends here, whole: the client resumes elsewhere, or after the restart.
        }
    }

    /// <summary>The beginning of one that then goes on by itself.</summary>
    /// <returns>Null when the server stops.</returns>
    public static async ValueTask<T?> BeginAsync<T>(ResourceRequest request, Func<ResourceRequest, CancellationToken, ValueTask<T?>> begin, CancellationToken cancellationToken)
        where T : class
    {
        CancellationToken stopping = request.Server.Stopping.Token;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        try
        {
            return await begin(request, either.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return null;
        }
    }
}
