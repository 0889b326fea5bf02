using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>GET of one object: its bytes as they are cached.</summary>
internal static class GetHandler
{
    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        if (request.Query["resourceVersion"] is { Length: > 0 } version)
        {
            await FutureRevision.WaitAsync(request, ListOptions.ParseRevision(version), cancellationToken);
        }

        StoredObject found = request.Require(request.Name);
        await ObjectResponse.WriteAsync(request, 200, ServedObject.Complete(request.Resource, found), cancellationToken);
    }
}
