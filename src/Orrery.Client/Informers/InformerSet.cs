using Orrery.Api;

namespace Orrery.Client;

/// <summary>At most one informer a resource, shared by all who ask; started together.</summary>
/// <param name="defaults">Options of every informer in the set.</param>
public sealed class InformerSet(KubeClient client, InformerOptions? defaults = null)
{
    private readonly Lock gate = new();
    private readonly Dictionary<GroupVersionResource, Informer> informers = [];

    /// <summary>The informer of a resource; made on first call. Those made after <see cref="RunAsync"/> was called are not started by it.</summary>
    public Informer For(GroupVersionResource resource)
    {
        lock (gate)
        {
            if (!informers.TryGetValue(resource, out Informer? informer))
            {
                informers[resource] = informer = new Informer(client, resource, defaults);
            }

            return informer;
        }
    }

    /// <summary>Ends once every informer in the set has its first list.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Members().Select(i => i.HasSynced)).WaitAsync(cancellationToken);

    /// <summary>Runs all informers until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(Members().Select(i => i.RunAsync(cancellationToken)));

    private Informer[] Members()
    {
        lock (gate)
        {
            return [.. informers.Values];
        }
    }
}
