using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Orrery.Api;
using Orrery.Server.Handlers;

namespace Orrery.Server.Discovery;

/// <summary>The groups that parts beside the server offer, and what a cluster shows with those of them that it has.</summary>
internal sealed class OfferedGroups(IReadOnlyList<IGroupHandler> handlers)
{
    /// <summary>By what the cluster serves itself, and the names of what is added: documents are cached by instance.</summary>
    private readonly ConditionalWeakTable<ApiSurface, ConcurrentDictionary<string, ApiSurface>> extended = [];

    public IGroupHandler? Find(string group) => handlers.FirstOrDefault(h => h.Surface.Name == group);

    /// <summary>A group that the cluster defines itself is its own.</summary>
    public async ValueTask<ApiSurface> ExtendAsync(ApiSurface own, ClusterName cluster, CancellationToken cancellationToken)
    {
        List<ApiGroupSurface>? more = null;
        foreach (IGroupHandler handler in handlers)
        {
            if (own.Find(handler.Surface.Name) is null && await handler.IsServedAsync(cluster, cancellationToken))
            {
                (more ??= []).Add(handler.Surface);
            }
        }

        return more is null
            ? own
            : extended.GetOrCreateValue(own).GetOrAdd(string.Join(' ', more.Select(g => g.Name)), _ => new ApiSurface([.. own.Groups, .. more]));
    }
}
