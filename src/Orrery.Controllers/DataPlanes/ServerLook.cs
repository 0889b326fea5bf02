using Orrery.Client;

namespace Orrery.Controllers.DataPlanes;

/// <summary>Looks at each server when it has not been heard for as long as it vouched. One look a server, so that none is needed a satellite.</summary>
internal sealed class ServerLook(Heartbeats heartbeats) : IReconciler<string>
{
    // A millisecond past the end, lest the look comes while the lease still holds.
    public Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken) => Task.FromResult(
        heartbeats.LookAt(key) is { } left ? ReconcileResult.After(left + TimeSpan.FromMilliseconds(1)) : ReconcileResult.Done);
}
