using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>GET of one object: its bytes as they are cached.</summary>
internal static class GetHandler
{
    public static Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        StoredObject found = request.Require(request.Name);
        return ObjectResponse.WriteAsync(request, 200, found.Json, cancellationToken);
    }
}
