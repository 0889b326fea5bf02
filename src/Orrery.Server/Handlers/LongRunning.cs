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
}
